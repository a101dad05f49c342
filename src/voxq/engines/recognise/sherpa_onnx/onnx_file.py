"""Metadata of an ONNX file, read without loading the model.

A file is one message `ModelProto` of onnx.proto: fields one after another, each with its number, its kind
and, if that is 2, its length. The weights are in one such field, which is passed over.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from voxq.locale import Message

_METADATA = 14
"""`ModelProto.metadata_props`: messages of a key (1) and a value (2)."""
_WITH_LENGTH = 2
_FIXED_SIZES = {1: 8, 5: 4}
"""Bytes of the other kinds of fields, without the kind of numbers (0)."""
_LONGEST_PROPERTY = 1 << 20
"""Bytes; the means of a frontend take 7000."""
_MOST_DIGITS = 10


class NoOnnxFile(ValueError):
    """A file is not an ONNX model, or not a whole one."""


def read_metadata(path: Path) -> dict[str, str]:
    """Read the metadata of a model. Raises NoOnnxFile, OSError."""
    with path.open("rb") as file:
        fields = list(_fields(file, path.stat().st_size))
    return dict(_key_and_value(content) for number, content in fields if number == _METADATA)


def _key_and_value(message: bytes) -> tuple[str, str]:
    parts = dict(_fields(io.BytesIO(message), len(message)))
    return parts.get(1, b"").decode("utf-8", "replace"), parts.get(2, b"").decode("utf-8", "replace")


def _fields(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield the fields of a message by number, with their content if it is short. Raises NoOnnxFile."""
    while file.tell() < size:
        number, kind = divmod(_number(file), 8)
        content = b""
        if kind == 0:
            _number(file)
        elif kind == _WITH_LENGTH or kind in _FIXED_SIZES:
            length = _FIXED_SIZES.get(kind) or _number(file)
            if file.tell() + length > size:
                raise NoOnnxFile(Message("it is not whole"))
            content = file.read(length) if length <= _LONGEST_PROPERTY else b""
            file.seek(length - len(content), os.SEEK_CUR)
        else:
            raise NoOnnxFile(Message("it is no ONNX model"))
        yield number, content


def _number(file: BinaryIO) -> int:
    """Read a number of variable length: seven bits a byte, the lowest first."""
    value = 0
    for digit in range(_MOST_DIGITS):
        byte = file.read(1)
        if not byte:
            raise NoOnnxFile(Message("it is not whole"))
        value |= (byte[0] & 0x7F) << (7 * digit)
        if byte[0] < 0x80:
            return value
    raise NoOnnxFile(Message("it is no ONNX model"))
