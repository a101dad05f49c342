"""Small files of VoxQ: defensive reading, as if anybody could have put anything there, and private writing.

Disks tear files, people move them, and a FIFO or a link may replace a file. None of this may block a reader,
lead it out of the storage, or give it a number or text that cannot be serialised again.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any

from voxq.core import strict_json

Shape = Mapping[str, type | UnionType]
"""Types of the required fields of a record; it may have others."""

_PIECE = 64 << 10


def sync_directory(directory: Path) -> None:
    """Wait until the names in a directory are on the disk: a file that was moved there stays. Raises
    OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_NO_FILE = (errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EACCES, errno.EPERM)


class Damaged(ValueError):
    """Raised if a file or line is not something that VoxQ wrote."""


def open_file(path: str | Path, flags: int) -> int:
    """Open a regular file and return its descriptor; `os.O_CREAT` creates it with mode 0600.

    Never waits and follows no link. Raises Damaged if the path is anything else, FileNotFoundError, or
    OSError.
    """
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise Damaged(f"{os.path.basename(path)} cannot be opened: {error.strerror}") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Damaged(f"{os.path.basename(path)} is not a regular file")
    return descriptor


def read(path: str | Path) -> bytes:
    """Read a whole file. Raises Damaged, FileNotFoundError or OSError."""
    descriptor = open_file(path, os.O_RDONLY)
    try:
        pieces = [os.read(descriptor, _PIECE)]  # mostly the whole file: an object for it would cost more
        while len(pieces[-1]) == _PIECE:
            pieces.append(os.read(descriptor, _PIECE))
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically, readable and writable by its owner only. For one writer at a time."""
    # A fixed name, so that the next writer removes what a killed one left.
    beside = path.with_name(f".{path.name}.tmp")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    beside.rename(path)


def parse(data: bytes) -> Any:
    """Parse strict JSON. Raises Damaged."""
    try:
        return strict_json.loads(data)
    except ValueError as error:
        raise Damaged(type(error).__name__) from None


def parse_lines(lines: Iterable[bytes], shape: Shape) -> Iterable[dict[str, Any]]:
    """Yield the records of this shape, skipping torn and other lines."""
    for line in lines:
        try:
            record = parse(line)
        except Damaged:
            continue
        if has_shape(record, shape):
            yield record


def has_shape(record: object, shape: Shape) -> bool:
    """Whether `record` is an object with these fields; a bool is not accepted as a number."""
    return isinstance(record, dict) and all(
        isinstance(record.get(name), kind) and not (kind is not bool and isinstance(record[name], bool))
        for name, kind in shape.items()
    )
