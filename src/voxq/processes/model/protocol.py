"""Messages between a worker's parent and its model process.

The parent sends one `Load`, then `Run`s, of which one may already wait in the pipe while another is
processed; or several are processed at the same time, where the model allows it (`Traits.calls`). The model
process answers `Loaded` or `LoadFailed`, and each `Run` with a `Started`, perhaps some `Drafted`, and a
`Finished`. Or the parent sends a `Trial`, which is answered with a `Loaded` and then a `Measured` for each
number of items; then the process ends. A model process that hostile audio has taken over can send anything; a
message of another shape raises ProtocolError.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from voxq.engines.contract import (
    SAMPLE_RATE,
    Capability,
    ChunkError,
    Cost,
    EngineRequest,
    Recognised,
    Rewritten,
)
from voxq.processes.messages import Codec
from voxq.speech.sound_measures import SoundMeasures

MODEL_PROCESS_MODULE = "voxq.processes.model"
"""Module for `Child.start`."""
LONGEST_DRAFT = 50_000
"""Maximum characters of a draft."""
STANDALONE = Path(__file__).with_name("standalone.py")
"""Script for the interpreter of another environment."""


@dataclass(frozen=True, slots=True)
class Load:
    """Load a model; `models` are directories by role."""

    request: EngineRequest
    models: dict[str, Path]
    is_plugin: bool = False
    """Whether the engine belongs to another package and must be registered by its name."""
    op: Literal["load"] = "load"


@dataclass(frozen=True, slots=True)
class Trial:
    """Load a model, and measure its speed with calls of so many `items` each; see `Load`."""

    request: EngineRequest
    models: dict[str, Path]
    items: tuple[int, ...]
    is_plugin: bool = False
    op: Literal["trial"] = "trial"


@dataclass(frozen=True, slots=True)
class SpanRef:
    """Location of a chunk: samples `start` to `end` of a raw float32 LE mono 16 kHz file."""

    pcm: Path
    start: int
    end: int
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReferenceRef:
    """A voice to speak in, see `Reference` of the contract: the location of a recording, all of a raw float32
    LE mono file at `sample_rate`, or an embedding."""

    pcm: Path | None = None
    sample_rate: int = SAMPLE_RATE
    text: str | None = None
    vector: tuple[float, ...] | None = None
    revision: str = ""


@dataclass(frozen=True, slots=True)
class SentenceRef:
    """A sentence and the file for its sound (raw float32 LE mono), which is replaced if it exists."""

    text: str
    options: dict[str, Any]
    sound: Path
    reference: ReferenceRef | None = None


@dataclass(frozen=True, slots=True)
class TextRef:
    """A text to rewrite."""

    text: str
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class WindowsRef:
    """Windows to embed, each a first sample and the one after its last, in order of time, of a file as of
    `SpanRef`; and the file for their vectors, which is replaced if it exists."""

    pcm: Path
    windows: tuple[tuple[int, int], ...]
    vectors: Path


@dataclass(frozen=True, slots=True)
class VectorsRef:
    """Files of vectors, in order of time, whose speakers are to be told apart: from `least` to `most`."""

    files: tuple[Path, ...]
    least: int
    most: int


ChunkRef = SpanRef | SentenceRef | TextRef | WindowsRef | VectorsRef


@dataclass(frozen=True, slots=True)
class KeptSpeech:
    """A spoken sentence stored in a file: the number of its samples, 0 if there was nothing to say."""

    samples: int
    sample_rate: int
    spoken: str = ""
    """The sentence as it was read out, if it differs from what was written."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vector of a chunk, of unit length, and the measures of its sound."""

    vector: tuple[float, ...]
    """Empty if there is too little speech to tell who speaks."""
    sound: SoundMeasures
    revision: str = ""
    """Revision of the model: vectors of different ones cannot be compared."""


@dataclass(frozen=True, slots=True)
class KeptVectors:
    """Vectors of windows stored in a file: how many there are; windows with too little speech have none."""

    count: int


@dataclass(frozen=True, slots=True)
class SpeakersFound:
    """Turns of the speakers, in order of time: start and end in seconds, and the number of the speaker; and
    the voice of each speaker as a vector."""

    turns: tuple[tuple[float, float, int], ...]
    voices: tuple[tuple[float, ...], ...]

    @property
    def is_consistent(self) -> bool:
        """Whether all turns are of known speakers and of some length, and do not overlap."""
        latest = 0.0
        for start, end, speaker in self.turns:
            if not (latest <= start <= end and 0 <= speaker < len(self.voices)):
                return False
            latest = end
        return True


@dataclass(frozen=True, slots=True)
class Run:
    """Recognise, speak, rewrite or embed these chunks in one call; all of them share a batch key."""

    batch: str
    items: tuple[ChunkRef, ...]
    op: Literal["run"] = "run"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engine is loaded and warm; `cost` was measured by the first calls. `rss_mb` is the RAM of the model
    process, `memory_mb` its memory on the device."""

    seconds: float
    revision: str
    rss_mb: int
    memory_mb: int
    cost: Cost
    op: Literal["loaded"] = "loaded"


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """Loading failed, and the model process ends. `message` is for the operator."""

    message: str
    op: Literal["load_failed"] = "load_failed"


@dataclass(frozen=True, slots=True)
class Measured:
    """Speed with calls of so many `items`: seconds of sound in a second, in short chunks and in long ones."""

    items: int
    short: float
    long: float
    waited: float
    """Share of the time so far for which its threads waited for a processor, because others had it."""
    op: Literal["measured"] = "measured"


@dataclass(frozen=True, slots=True)
class Started:
    """The batch is now in the engine; if the process dies from here on, its members are the suspects."""

    batch: str
    op: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Drafted:
    """How far a chunk of the batch is, by its place there; see `voxq.engines.contract.Draft`."""

    batch: str
    item: int
    text: str
    share: float
    op: Literal["drafted"] = "drafted"


@dataclass(frozen=True, slots=True)
class Finished:
    """One result per item, in order, and the engine's `seconds` for all of them.

    `batch_failed` means that the call failed as a whole, which says nothing about its members: the parent
    runs each of them alone before it blames one.
    """

    batch: str
    seconds: float
    items: tuple[Result | ChunkError, ...]
    batch_failed: bool = False
    op: Literal["result"] = "result"


Result = Recognised | KeptSpeech | Rewritten | Embedded | KeptVectors | SpeakersFound

Request = Load | Trial | Run
Reply = Loaded | LoadFailed | Measured | Started | Drafted | Finished

CODEC: Codec[Request, Reply] = Codec(Request, Reply)


def is_result_of(capability: Capability, item: Result | ChunkError) -> bool:
    """Whether a model with this capability can return such a result, or error, for an item."""
    match item:
        case Recognised():
            return capability is Capability.RECOGNISE
        case KeptSpeech():
            return capability is Capability.SPEAK and item.samples >= 0 and item.sample_rate > 0
        case Rewritten():
            return capability is Capability.REWRITE
        case Embedded():
            return capability is Capability.EMBED
        case KeptVectors():
            return capability is Capability.EMBED and item.count >= 0
        case SpeakersFound():
            return capability is Capability.EMBED and item.is_consistent
        case ChunkError():
            return True
