"""Records in files of the storage, read as if anybody could have put anything there.

Disks tear files, people move them, and a FIFO or a link may stand where a file was: none of it may hold up a
reader, lead it out of the storage, or come back to it as a number or a text that cannot be written again.
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
"""The types of the fields that a record has to have; it may have others."""

_NO_FILE = (errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EACCES, errno.EPERM)


class Damaged(ValueError):
    """What lies there is nothing that this service wrote."""


def open_file(path: Path, flags: int) -> int:
    """A descriptor of a regular file, which is made with `os.O_CREAT`, for its owner only.

    Never waits, follows no link. Raises Damaged if it is something else, FileNotFoundError, or OSError.
    """
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise Damaged(f"{path.name} cannot be opened: {error.strerror}") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Damaged(f"{path.name} is no file")
    return descriptor


def read(path: Path) -> bytes:
    """All of a file. Raises Damaged, FileNotFoundError or OSError."""
    with os.fdopen(open_file(path, os.O_RDONLY), "rb", buffering=0) as file:
        return file.read()


def parse(data: bytes) -> Any:
    """What was written. Raises Damaged."""
    try:
        return strict_json.loads(data)
    except ValueError as error:
        raise Damaged(type(error).__name__) from None


def parse_lines(lines: Iterable[bytes], shape: Shape) -> Iterable[dict[str, Any]]:
    """The records of this shape among the lines, which may be torn."""
    for line in lines:
        try:
            record = parse(line)
        except Damaged:
            continue
        if has_shape(record, shape):
            yield record


def has_shape(record: object, shape: Shape) -> bool:
    """Whether it is an object with these fields."""
    return isinstance(record, dict) and all(
        isinstance(record.get(name), kind) and not (kind is not bool and isinstance(record[name], bool))
        for name, kind in shape.items()
    )
