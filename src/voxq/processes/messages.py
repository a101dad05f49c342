"""Typed messages over a JSON pipe: values on both ends, and nothing but the agreed shapes gets through."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from voxq.processes.child import Message

Request = TypeVar("Request")
Reply = TypeVar("Reply")

_FINITE = ConfigDict(allow_inf_nan=False)


class ProtocolError(Exception):
    """The other end sent what the protocol does not know."""


class Codec(Generic[Request, Reply]):
    """Encodes and decodes dataclasses that a field `op` tells apart."""

    def __init__(self, request: Any, reply: Any) -> None:
        """`request` and `reply` are unions of dataclasses."""
        self._request_types = request
        self._request = _adapter(request)
        self._reply = _adapter(reply)

    def encode(self, message: Request | Reply) -> Message:
        """The JSON object for a message."""
        adapter = self._request if isinstance(message, self._request_types) else self._reply
        return adapter.dump_python(message, mode="json")

    def decode_request(self, message: Message) -> Request:
        """In the child. Raises ProtocolError."""
        return _decode(self._request, message)

    def decode_reply(self, message: Message) -> Reply:
        """In the parent. Raises ProtocolError."""
        return _decode(self._reply, message)


def _adapter(union: Any) -> TypeAdapter[Any]:
    told_apart: Any = Annotated[union, Field(discriminator="op")]  # pyright: ignore[reportInvalidTypeForm]
    return TypeAdapter(told_apart, config=_FINITE)


def _decode(adapter: TypeAdapter[Any], message: Message) -> Any:
    try:
        return adapter.validate_python(message)
    except ValidationError as error:
        # Without the input: it can hold what was spoken, or what a client sent.
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ProtocolError(f"{place or 'message'}: {first['msg']}") from None
