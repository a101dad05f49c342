"""Typed messages over a JSON pipe, validated so that only the agreed shapes are accepted."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from voxq.processes.child import Message

Request = TypeVar("Request")
Reply = TypeVar("Reply")


class ProtocolError(Exception):
    """The other end sent a message that the protocol does not define."""


class Codec(Generic[Request, Reply]):
    """Encodes and decodes dataclasses, told apart by their field `op`.

    Pydantic is imported with the first message, so that a process without it can use the message types.
    """

    def __init__(self, request: Any, reply: Any) -> None:
        """`request` and `reply` are unions of dataclasses."""
        self._request_types = request
        self._reply_types = reply

    @cached_property
    def _request(self) -> TypeAdapter[Any]:
        return _adapter(self._request_types)

    @cached_property
    def _reply(self) -> TypeAdapter[Any]:
        return _adapter(self._reply_types)

    def encode(self, message: Request | Reply) -> Message:
        """Convert a message to a JSON object."""
        adapter = self._request if isinstance(message, self._request_types) else self._reply
        return adapter.dump_python(message, mode="json")

    def decode_request(self, message: Message) -> Request:
        """Read a request, in the child. Raises ProtocolError."""
        return _decode(self._request, message)

    def decode_reply(self, message: Message) -> Reply:
        """Read a reply, in the parent. Raises ProtocolError."""
        return _decode(self._reply, message)


def _adapter(union: Any) -> TypeAdapter[Any]:
    from pydantic import ConfigDict, Field, TypeAdapter

    told_apart: Any = Annotated[union, Field(discriminator="op")]  # pyright: ignore[reportInvalidTypeForm]
    return TypeAdapter(told_apart, config=ConfigDict(allow_inf_nan=False))


def _decode(adapter: TypeAdapter[Any], message: Message) -> Any:
    from pydantic import ValidationError

    try:
        return adapter.validate_python(message)
    except ValidationError as error:
        # Without the input, which may contain a transcript or a client's data.
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ProtocolError(f"{place or 'message'}: {first['msg']}") from None
