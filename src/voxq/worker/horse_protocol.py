"""The messages between a worker's parent and its horse, as values.

The parent sends one `Load`, then `Run`s, of which one may already wait in the pipe while another is worked
on. The horse answers `Loaded` or `LoadFailed`, and for each `Run` a `Started` and a `Finished`. A horse that
hostile audio has taken over can send anything: what does not fit these shapes is a ProtocolError.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from voxq.child import Message
from voxq.engines.base import ChunkError, ChunkOptions, ChunkResult, Cost, EngineRequest

HORSE_MODULE = "voxq.worker.horse"
"""What `Child.start` runs."""


class ProtocolError(Exception):
    """The other end sent what the protocol does not know."""


@dataclass(frozen=True, slots=True)
class Load:
    """Load an engine; `models` are directories by role, see `EngineKind.model_paths`."""

    request: EngineRequest
    models: dict[str, Path]
    op: Literal["load"] = "load"


@dataclass(frozen=True, slots=True)
class ChunkRef:
    """Where a chunk lies: from `start` to `end`, in samples, of a raw float32 LE mono 16 kHz file."""

    pcm: Path
    start: int
    end: int
    options: ChunkOptions


@dataclass(frozen=True, slots=True)
class Run:
    """Recognise these chunks in one call of the engine; all of them share a batch key."""

    batch: str
    items: tuple[ChunkRef, ...]
    op: Literal["run"] = "run"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engine is loaded and warm; `cost` was measured by the first calls."""

    seconds: float
    revision: str
    rss_mb: int
    cost: Cost
    op: Literal["loaded"] = "loaded"


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The horse ends after this. `message` is for the operator."""

    message: str
    op: Literal["load_failed"] = "load_failed"


@dataclass(frozen=True, slots=True)
class Started:
    """The batch is now in the engine: whoever dies from here on, its members are the suspects."""

    batch: str
    op: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Finished:
    """One answer per item, in order, and the engine's `seconds` for all of them.

    `batch_failed` means that the call failed as a whole and says nothing about its members: the parent runs
    each of them alone before it blames one.
    """

    batch: str
    seconds: float
    items: tuple[ChunkResult | ChunkError, ...]
    batch_failed: bool = False
    op: Literal["result"] = "result"


Request = Load | Run
Reply = Loaded | LoadFailed | Started | Finished

_FINITE = ConfigDict(allow_inf_nan=False)
_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="op")], config=_FINITE)
_REPLY: TypeAdapter[Reply] = TypeAdapter(Annotated[Reply, Field(discriminator="op")], config=_FINITE)


def encode(message: Request | Reply) -> Message:
    """The JSON object for a message."""
    adapter: TypeAdapter[Any] = _REQUEST if isinstance(message, Request) else _REPLY
    return adapter.dump_python(message, mode="json")


def decode_request(message: Message) -> Request:
    """In the horse. Raises ProtocolError."""
    return _decode(_REQUEST, message)


def decode_reply(message: Message) -> Reply:
    """In the parent. Raises ProtocolError."""
    return _decode(_REPLY, message)


def _decode(adapter: TypeAdapter[Any], message: Message) -> Any:
    try:
        return adapter.validate_python(message)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]  # inputs can hold what was spoken
        place = ".".join(str(part) for part in first["loc"])
        raise ProtocolError(f"{place or 'message'}: {first['msg']}") from None
