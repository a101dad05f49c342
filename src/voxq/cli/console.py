"""Console output of commands: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from voxq.logging import one_line


class CalmConsole(Console):
    """Console that prints control characters escaped.

    The output often contains a client's text, which could otherwise write to the clipboard or hide a line.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def visible(text: str) -> str:
    """Escape the control characters of a text, except newlines."""
    return "\n".join(map(one_line, text.split("\n")))


# Without a terminal, lines must not be cut to the width of a default one.
out = CalmConsole(width=None if sys.stdout.isatty() else 200)
err = CalmConsole(stderr=True)


@contextmanager
def busy(doing: str) -> Iterator[None]:
    """Tell what is being done and takes a while: with a spinner at a terminal, else as a line."""
    if err.is_terminal:
        with err.status(doing):
            yield
    else:
        err.print(doing, markup=False, highlight=False, soft_wrap=True)
        yield


def fail(message: str) -> None:
    # Text and not markup, because a message may quote a server or a file name.
    err.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)


def is_ours(error: Exception) -> bool:
    """Whether the error is VoxQ's own, so that its message is meant for people."""
    return type(error).__module__.startswith("voxq.")


def print_json(value: Any) -> None:
    """Print a value as plain JSON, for scripts, without styles whatever the terminal."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
