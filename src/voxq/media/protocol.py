"""The messages between a media process and whoever started it, as values.

The process answers a `Probe` with `Probed` or `Failed`, and a `Prepare` with any number of `Chunks` and then
`Prepared` or `Failed`. It takes one request at a time. A process that hostile audio has taken over can send
anything: what does not fit these shapes is a ProtocolError.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from voxq.child import Message
from voxq.speech.audio import MIME_TYPES, AudioInfo
from voxq.speech.chunking import Chunking


class ProtocolError(Exception):
    """The other end sent what the protocol does not know."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Look into the recording at `path`; more than `max_seconds` is too long."""

    id: str
    path: Path
    max_seconds: float
    op: Literal["probe"] = "probe"


@dataclass(frozen=True, slots=True)
class Prepare:
    """Decode the recording at `path` into the new file `scratch` (raw float32 LE, mono, 16 kHz) and find
    the chunks to recognise in it."""

    id: str
    path: Path
    scratch: Path
    max_seconds: float
    chunking: Chunking
    op: Literal["prepare"] = "prepare"


def _with_known_extension(info: AudioInfo) -> AudioInfo:
    if info.extension not in MIME_TYPES:  # it becomes part of a file's name
        raise ValueError("unknown extension")
    return info


@dataclass(frozen=True, slots=True)
class Probed:
    """What the recording is."""

    id: str
    info: Annotated[AudioInfo, AfterValidator(_with_known_extension)]
    op: Literal["probed"] = "probed"


@dataclass(frozen=True, slots=True)
class Failed:
    """The request cannot be done. `code` is an AudioError's, "storage" or "internal"."""

    id: str
    code: str
    message: str
    op: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Chunks:
    """Chunks found so far, as [start, end) in samples; their sound lies in the scratch file.

    `decoded` seconds have been looked at. Comes without chunks, too, as a sign of life.
    """

    id: str
    chunks: tuple[tuple[int, int], ...]
    decoded: float
    op: Literal["chunks"] = "chunks"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything is decoded and announced; times in seconds, `decode_seconds` with the writing."""

    id: str
    duration: float
    decode_seconds: float
    vad_seconds: float
    op: Literal["prepared"] = "prepared"


Request = Probe | Prepare
Reply = Probed | Failed | Chunks | Prepared

_FINITE = ConfigDict(allow_inf_nan=False)
_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="op")], config=_FINITE)
_REPLY: TypeAdapter[Reply] = TypeAdapter(Annotated[Reply, Field(discriminator="op")], config=_FINITE)


def encode(message: Request | Reply) -> Message:
    """The JSON object for a message."""
    adapter: TypeAdapter[Any] = _REQUEST if isinstance(message, Request) else _REPLY
    return adapter.dump_python(message, mode="json")


def decode_request(message: Message) -> Request:
    """In the media process. Raises ProtocolError."""
    return _decode(_REQUEST, message)


def decode_reply(message: Message) -> Reply:
    """In the parent. Raises ProtocolError."""
    return _decode(_REPLY, message)


def _decode(adapter: TypeAdapter[Any], message: Message) -> Any:
    try:
        return adapter.validate_python(message)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]  # inputs can hold what a client sent
        place = ".".join(str(part) for part in first["loc"])
        raise ProtocolError(f"{place or 'message'}: {first['msg']}") from None
