"""How a chat is asked for and answered: OpenAI's API, which nearly all servers have, and Ollama's own.

Ollama's OpenAI API has no field for the size of the context: prompts beyond its default of 4096 tokens are
cut without a word (seen in its issues 17889 and 18399). Its own API takes `num_ctx`, and refuses a prompt
that does not fit if asked not to cut it (`truncate`, `shift`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from voxq.core import strict_json
from voxq.llm.provider import Provider

Messages: TypeAlias = Sequence[Mapping[str, str]]
"""Each with a `role` and its `content`."""


class NotTheProtocol(ValueError):
    """A line of a response that means nothing here."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer. `end` is why the answer ends with it: "stop", "length" (cut off), or another word
    of the server's; None: it goes on."""

    text: str = ""
    end: str | None = None
    error: str | None = None
    """What the server says of a failure in the middle of its answer."""
    is_last: bool = False
    """Whether the response ends with it by its own account."""


class Dialect(Protocol):
    """One protocol."""

    @property
    def droppable(self) -> Collection[str]:
        """Names of fields that are left out where a server refuses them."""
        ...

    def url(self, provider: Provider) -> str: ...

    def request(self, provider: Provider, messages: Messages, without: Collection[str]) -> dict[str, Any]:
        """Return the body, without the named fields."""
        ...

    def piece(self, line: bytes) -> Piece | None:
        """Read a line of a stream; None for one without meaning. Raises NotTheProtocol."""
        ...

    def answer(self, body: bytes) -> Piece:
        """Read an answer that came as a whole. Raises NotTheProtocol."""
        ...


class OpenAI:
    """`POST /chat/completions`, answered by server-sent events."""

    droppable = ("temperature",)

    def url(self, provider: Provider) -> str:
        return f"{provider.url}/chat/completions"

    def request(self, provider: Provider, messages: Messages, without: Collection[str]) -> dict[str, Any]:
        fields = {"model": provider.model, "messages": list(messages), "stream": True, "temperature": 0}
        return {name: value for name, value in fields.items() if name not in without}

    def piece(self, line: bytes) -> Piece | None:
        name, _, data = line.partition(b":")
        if name != b"data":  # another field of an event, a comment, or the empty line that ends an event
            if line and name not in (b"", b"event", b"id", b"retry"):
                raise NotTheProtocol(line[:40])
            return None
        if data.strip() == b"[DONE]":
            return Piece(is_last=True)
        return _openai_piece(_object(data), "delta")

    def answer(self, body: bytes) -> Piece:
        return _openai_piece(_object(body), "message")


class Ollama:
    """`POST /api/chat`, answered by one JSON object in each line."""

    droppable = ("think", "truncate", "shift")

    def url(self, provider: Provider) -> str:
        return f"{provider.root}/api/chat"

    def request(self, provider: Provider, messages: Messages, without: Collection[str]) -> dict[str, Any]:
        options = {"num_ctx": provider.context, "num_predict": provider.context, "temperature": 0}
        fields = {"model": provider.model, "messages": list(messages), "stream": True, "options": options}
        fields |= {"think": False, "truncate": False, "shift": False}
        return {name: value for name, value in fields.items() if name not in without}

    def piece(self, line: bytes) -> Piece | None:
        return self.answer(line) if line else None

    def answer(self, body: bytes) -> Piece:
        said = _object(body)
        if "error" in said:
            return Piece(error=_words(said["error"]))
        text = _content(said, "message")
        is_done = said.get("done") is True
        reason = said.get("done_reason")
        return Piece(text, end=str(reason or "stop") if is_done else None, is_last=is_done)


def _openai_piece(said: Mapping[str, Any], part: str) -> Piece:
    if error := said.get("error"):
        return Piece(error=_words(error))
    choices = said.get("choices")
    if not isinstance(choices, list):
        raise NotTheProtocol("no choices")
    first: object = next(iter(choices), {})  # figures of usage come without any
    if not isinstance(first, dict):
        raise NotTheProtocol("a choice that is no object")
    end = first.get("finish_reason")
    return Piece(_content(first, part) if choices else "", end=None if end is None else str(end))


def _content(said: Mapping[str, Any], part: str) -> str:
    """Return the text of a message, without its thoughts, which have fields of their own."""
    message = said.get(part) or {}
    content = message.get("content") if isinstance(message, dict) else ...
    if content is None:
        return ""
    if not isinstance(content, str):
        raise NotTheProtocol("content that is no text")
    return content


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        said = strict_json.loads(data)
    except ValueError:
        raise NotTheProtocol("no JSON") from None
    if not isinstance(said, dict):
        raise NotTheProtocol("no object")
    return said


def _words(error: object) -> str:
    """Return what an error says in one line, to be understood and not to be repeated."""
    if isinstance(error, Mapping):
        return " ".join(str(error.get(name, "")) for name in ("message", "type", "code"))
    return str(error)


def refused_field(dialect: Dialect, body: str, without: Iterable[str]) -> str | None:
    """Return the optional field that an error is about, if it has not been left out already."""
    said = body.lower()
    return next((name for name in dialect.droppable if name in said and name not in set(without)), None)
