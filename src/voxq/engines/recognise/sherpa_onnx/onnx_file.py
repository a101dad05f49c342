"""Metadata of an ONNX file, read without loading the model; and a file that has nothing else.

A file is one message `ModelProto` of onnx.proto: fields one after another, each with its number, its kind
and, if that is 2, its length. The weights are in one such field, which is passed over.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from voxq.locale import Message

_VERSION, _GRAPH, _OPERATORS, _METADATA = 1, 7, 8, 14
"""Fields of `ModelProto`. Metadata are messages of a key (1) and a value (2)."""
_FORMAT, _OPERATOR_SET = 8, 13
_FLOAT = 1
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


def write_without_weights(path: Path, metadata: Mapping[str, str]) -> None:
    """Write a model that returns its input of three axes, with these metadata."""
    node = _bytes(1, b"x") + _bytes(2, b"logits") + _bytes(4, b"Identity")
    ends = _bytes(11, _value(b"x")) + _bytes(12, _value(b"logits"))
    graph = _bytes(1, node) + _bytes(2, b"nothing") + ends
    path.write_bytes(
        _varint(_VERSION << 3)
        + _varint(_FORMAT)
        + _bytes(_OPERATORS, _varint(2 << 3) + _varint(_OPERATOR_SET))
        + _bytes(_GRAPH, graph)
        + properties(metadata)
    )


def properties(metadata: Mapping[str, str]) -> bytes:
    """Encode metadata, to be appended to a model: the fields of a message may come in any order."""
    pairs = (_bytes(1, key.encode()) + _bytes(2, value.encode()) for key, value in metadata.items())
    return b"".join(_bytes(_METADATA, pair) for pair in pairs)


def _value(name: bytes) -> bytes:
    """`ValueInfoProto` of numbers with three axes of any length."""
    axes = b"".join(_bytes(1, _bytes(2, axis)) for axis in (b"N", b"T", b"D"))
    tensor = _varint(1 << 3) + _varint(_FLOAT) + _bytes(2, axes)
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


def _bytes(number: int, content: bytes) -> bytes:
    """A field with a length."""
    return _varint(number << 3 | _WITH_LENGTH) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


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
