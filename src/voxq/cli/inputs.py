"""Recordings that a command is given: files, and what comes through a pipe."""

from __future__ import annotations

import glob
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from voxq.locale import Message

_STDIN = "-"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Input:
    """A recording: `shown` as the user wrote it, and a file with the same bytes."""

    shown: str
    path: Path

    @property
    def name(self) -> str:
        """Name of the file, without its folder."""
        return "stdin" if self.shown == _STDIN else Path(self.shown).name

    @property
    def stem(self) -> str:
        return Path(self.name).stem

    @property
    def folder(self) -> str:
        """Name of the folder that it is in; empty if none is known."""
        return "" if self.shown == _STDIN else Path(self.shown).absolute().parent.name


class Unusable(Exception):
    """Raised if an argument is no recording; the message names it, and says what to write instead."""


def usable(
    arguments: Sequence[str], exit: ExitStack, command: str, most_mb: int
) -> Iterator[Input | Unusable]:
    """Yield a recording for each argument, or why it is none.

    What can be read only once is copied until `exit` is closed; at most `most_mb` MB are. `command`: the one
    to be named in advice, such as "voxq transcribe".
    """
    seen_stdin = False
    for argument in arguments:
        try:
            if argument == _STDIN and seen_stdin:
                raise Unusable(Message("-: standard input can be read only once."))
            seen_stdin = seen_stdin or argument == _STDIN
            yield _input(argument, exit, command, most_mb)
        except OSError as error:
            yield Unusable(f"{argument}: {error.strerror or error}.")
        except Unusable as problem:
            yield problem


def _input(argument: str, exit: ExitStack, command: str, most_mb: int) -> Input:
    if argument == _STDIN:
        if sys.stdin.isatty():
            raise Unusable(
                Message("-: nothing comes from a pipe; such as: ffmpeg ... | {command} -", command=command)
            )
        return Input(argument, _copied(sys.stdin.buffer, argument, exit, most_mb))
    if _ADDRESS.match(argument):
        raise Unusable(
            Message(
                "{argument} is an address; VoxQ fetches nothing. Run: curl -fL '{argument}' | {command} -",
                argument=argument,
                command=command,
            )
        )
    path = Path(argument)
    if not os.path.lexists(argument):  # not of the path: that of nothing is this folder
        raise Unusable(_missing(argument))
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise Unusable(
            Message(
                "{argument} is a directory; name its files: {command} {directory}/*",
                argument=argument,
                command=command,
                directory=argument.rstrip("/"),
            )
        )
    with path.open("rb") as file:  # raises OSError if it may not be read
        if stat.S_ISREG(mode):
            return Input(argument, path)
        return Input(argument, _copied(file, argument, exit, most_mb))


def _missing(argument: str) -> str:
    if not glob.has_magic(argument):
        return Message("{argument}: there is no such file.", argument=argument)
    if glob.glob(argument):  # noqa: PTH207 - the pattern may be absolute
        return Message(
            "{argument} is a pattern in quotes: without them, the shell puts in the names of the files.",
            argument=argument,
        )
    return Message("{argument}: no file has such a name.", argument=argument)


def _copied(stream: BinaryIO, shown: str, exit: ExitStack, most_mb: int) -> Path:
    """Copy a stream to a file that lives until `exit` is closed. Raises Unusable if it is too long."""
    file = exit.enter_context(tempfile.NamedTemporaryFile(prefix="voxq-"))  # noqa: SIM115
    left = most_mb << 20
    while block := stream.read(min(_BLOCK, left + 1)):
        left -= len(block)
        if left < 0:
            raise Unusable(
                Message("{shown}: more than {most_mb} MB came (MAX_UPLOAD_MB).", shown=shown, most_mb=most_mb)
            )
        file.write(block)
    file.flush()
    return Path(file.name)
