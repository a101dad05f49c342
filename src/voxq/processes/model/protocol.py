"""The messages between a worker's parent and its model process, as values.

The parent sends one `Load`, then `Run`s, of which one may already wait in the pipe while another is worked
on. The model process answers `Loaded` or `LoadFailed`, and for each `Run` a `Started` and a `Finished`. A
model process that hostile audio has taken over can send anything: what does not fit these shapes is a
ProtocolError.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from voxq.engines.contract import ChunkError, Cost, EngineRequest, Recognised
from voxq.processes.messages import Codec

MODEL_PROCESS_MODULE = "voxq.processes.model"
"""What `Child.start` runs."""
STANDALONE = Path(__file__).with_name("standalone.py")
"""What an interpreter of another environment runs."""


@dataclass(frozen=True, slots=True)
class Load:
    """Load a model; `models` are directories by role."""

    request: EngineRequest
    models: dict[str, Path]
    is_plugin: bool = False
    """Whether the engine comes from another package, by its name."""
    op: Literal["load"] = "load"


@dataclass(frozen=True, slots=True)
class SpanRef:
    """Where a chunk lies: from `start` to `end`, in samples, of a raw float32 LE mono 16 kHz file."""

    pcm: Path
    start: int
    end: int
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SentenceRef:
    """A sentence, and where its sound is to be put (raw float32 LE mono); what is there is replaced."""

    text: str
    options: dict[str, Any]
    sound: Path


ChunkRef = SpanRef | SentenceRef


@dataclass(frozen=True, slots=True)
class KeptSpeech:
    """One sentence as sound that lies in a file: so many samples, 0 where there was nothing to say."""

    samples: int
    sample_rate: int


@dataclass(frozen=True, slots=True)
class Run:
    """Recognise or speak these chunks in one call; all of them share a batch key."""

    batch: str
    items: tuple[ChunkRef, ...]
    op: Literal["run"] = "run"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engine is loaded and warm; `cost` was measured by the first calls. `rss_mb` is the model process's
    RAM, and `memory_mb` what it takes of its device."""

    seconds: float
    revision: str
    rss_mb: int
    memory_mb: int
    cost: Cost
    op: Literal["loaded"] = "loaded"


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The model process ends after this. `message` is for the operator."""

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
    items: tuple[Recognised | KeptSpeech | ChunkError, ...]
    batch_failed: bool = False
    op: Literal["result"] = "result"


Request = Load | Run
Reply = Loaded | LoadFailed | Started | Finished

CODEC: Codec[Request, Reply] = Codec(Request, Reply)
