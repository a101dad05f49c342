"""Incremental parser for a multipart form with one file. Its memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from voxq.core.refusal import Refusal
from voxq.locale import Message

MAX_FIELD_BYTES = 16 << 10
MAX_PARTS = 40
OVERHEAD_BYTES = 2 << 20
"""Maximum total size of everything in a form besides its file."""

_MAX_HEADERS = 8
# Also the maximum of the whole form, because reading many fields takes longer than their length suggests.
_MAX_HEADER_BYTES = 4096


class Fields(Mapping[str, str]):
    """Fields of a form by name; for a repeated name, the last value."""

    def __init__(self, values: Mapping[str, Sequence[str]] | None = None) -> None:
        """`values`: the non-empty values by name, in order."""
        self._values = values or {}

    def __getitem__(self, name: str) -> str:
        return self._values[name][-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def all_of(self, name: str) -> Sequence[str]:
        """Return all values of this name, in order."""
        return self._values.get(name, ())


class FormReader:
    """Parser that is fed the body piece by piece, passes the file's bytes on and keeps the other fields.

    It ignores the client's file name. Every method raises Refusal ("bad_form").
    """

    def __init__(self, content_type: str | None, file_field: str) -> None:
        """`content_type` is the request's header; `file_field` the name of the part with the file."""
        if len(content_type or "") > _MAX_HEADER_BYTES:
            raise bad_form(Message("The boundary of the form is too long"))
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise bad_form(Message("Send the recording as multipart/form-data with a boundary"))
        self._file_field = file_field
        self._has_file = False
        self._is_complete = False
        self._parts = 0
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._disposition = b""
        self._name: str | None = None  # name of the part being read; None while it is the file
        self._value = bytearray()
        self._file: list[bytes] = []
        self._fields: dict[str, list[str]] = {}
        self.pending = 0
        """Bytes of the file that wait for `take`."""
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._on_header_name,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._on_data,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
                max_header_count=_MAX_HEADERS,
                max_header_size=_MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            raise bad_form(Message("The boundary of the form is too long")) from error

    @property
    def has_file(self) -> bool:
        return self._has_file

    @property
    def fields(self) -> Fields:
        """Return the fields that are complete so far."""
        return Fields(self._fields)

    def feed(self, data: bytes) -> None:
        """Parse the next piece of the body."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise bad_form(Message("The body is not a multipart form with this boundary")) from error

    def take(self) -> list[bytes]:
        """Return the file's bytes since the last call."""
        taken, self._file, self.pending = self._file, [], 0
        return taken

    def finish(self) -> None:
        """Check that the form has ended with the body."""
        if not self._is_complete:
            raise bad_form(Message("The form was cut off before its last boundary"))

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise bad_form(Message("A form may have at most {most} parts", most=MAX_PARTS))
        self._disposition = b""

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition.decode("latin-1"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if not name:
            raise bad_form(Message("A part of the form has no name"))
        self._name = name
        self._value.clear()
        if name == self._file_field:
            if self._has_file:
                raise bad_form(
                    Message("A form may have only one part named {field!r}", field=self._file_field)
                )
            self._has_file = True
            self._name = None

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._name is None:
            self._file.append(data[start:end])
            self.pending += end - start
            return
        self._value += data[start:end]
        if len(self._value) > MAX_FIELD_BYTES:
            raise bad_form(
                Message(
                    "A field may have at most {most} bytes; the recording belongs in the field {field!r}",
                    most=MAX_FIELD_BYTES,
                    field=self._file_field,
                )
            )

    def _end_part(self) -> None:
        if self._name is not None:
            self._fields.setdefault(self._name, []).append(self._value.decode("utf-8", "replace"))

    def _end(self) -> None:
        self._is_complete = True


def bad_form(message: str) -> Refusal:
    return Refusal("bad_form", message)
