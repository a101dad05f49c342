"""The messages between a media process and whoever started it, as values.

The process answers a `Probe` with `Probed` or `Failed`, a `Prepare` with any number of `Chunks` and then
`Prepared` or `Failed`, and a `Split` with any number of `Sentences` and then `Prepared` or `Failed`. It takes
one request at a time. A process that hostile audio has taken over can send anything: what does not fit these
shapes is a ProtocolError.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from voxq.processes.messages import Codec
from voxq.speech.audio import MIME_TYPES, AudioInfo
from voxq.speech.chunking import Chunking
from voxq.speech.sentences import Break


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
    the chunks to recognise in it: where somebody speaks, or without `use_vad` in all of it."""

    id: str
    path: Path
    scratch: Path
    max_seconds: float
    chunking: Chunking
    use_vad: bool = True
    op: Literal["prepare"] = "prepare"


@dataclass(frozen=True, slots=True)
class Split:
    """Find the sentences to be spoken in a text, which may be anything."""

    id: str
    text: str
    op: Literal["split"] = "split"


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
    """Everything is decoded, or split, and announced; times in seconds, `decode_seconds` with the writing.

    The `duration` of a text is 0: it is not spoken yet.
    """

    id: str
    duration: float
    decode_seconds: float
    vad_seconds: float
    op: Literal["prepared"] = "prepared"


@dataclass(frozen=True, slots=True)
class Sentences:
    """The next sentences of a text, in order: each with what follows it."""

    id: str
    sentences: tuple[tuple[str, Break], ...]
    op: Literal["sentences"] = "sentences"


Request = Probe | Prepare | Split
Reply = Probed | Failed | Chunks | Prepared | Sentences

CODEC: Codec[Request, Reply] = Codec(Request, Reply)
