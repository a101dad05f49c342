"""What an engine is: a loaded model that takes a batch of chunks and answers for each.

`EngineKind` and `EngineTraits` are what the worker's parent knows without loading anything, so this module
imports no numerical library; `Engine` lives in the model process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from voxq.speech.audio import Samples
from voxq.speech.chinese_script import Script
from voxq.speech.chunking import Chunking
from voxq.speech.transcript import Segment

ModelPaths: TypeAlias = Mapping[str, Path]
"""Directories of the models an engine needs, by role; the recogniser itself is "path"."""


class EngineError(Exception):
    """An engine cannot be found, or cannot be loaded as asked; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class ChunkOptions:
    """How one chunk is to be recognised. `language` is an ISO 639-1 code, or None for "detect it"; `punc`,
    `itn` and `translate` as in `TranscriptionOptions`, for engines that can choose; `script` is that of
    Mandarin, None for what the model writes."""

    language: str | None = None
    hotwords: tuple[str, ...] = ()
    words: bool = False
    punc: bool = True
    itn: bool | None = None
    translate: bool = False
    script: Script | None = None


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """The text of one chunk; times in seconds from the start of the chunk.

    `language` is what was spoken, also where the text is a translation; None where nothing was recognised:
    silence does not decide a task's language.
    """

    segments: tuple[Segment, ...]
    language: str | None


@dataclass(frozen=True, slots=True)
class ChunkError:
    """Why one chunk of a batch has no result. `code` is a snake_case word, e.g. "out_of_memory"."""

    code: str
    message: str

    @classmethod
    def of(cls, error: BaseException) -> ChunkError:
        """What a client may know of an exception: its class, never its message, which can hold paths."""
        if is_out_of_memory(error):
            return cls("out_of_memory", "The model ran out of memory.")
        return cls("engine_error", f"The engine failed ({type(error).__name__}).")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether host or device memory ran out: CTranslate2 and torch say so only in a RuntimeError's text."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "alloc_failed" in text


@dataclass(frozen=True, slots=True)
class Cost:
    """The measured price of a chunk, in seconds of engine time: `fixed` + `per_second` * its length."""

    fixed: float
    per_second: float

    def predict(self, seconds: float) -> float:
        """Engine seconds for a chunk of `seconds`."""
        return self.fixed + self.per_second * seconds


@dataclass(frozen=True, slots=True)
class EngineTraits:
    """What can be known about an engine before its model is loaded."""

    name: str
    chunking: Chunking
    max_items: int
    """Chunks per call. 1 where batching gains nothing (CTranslate2 on a CPU)."""
    padded_to: float | None
    """Seconds every chunk costs whatever its length (Whisper pads to 30 s), or None."""
    detects_language: bool
    """Whether the first chunk of a task fixes the language of the rest."""
    translates: bool = False
    """Whether it can write English whatever is spoken."""
    is_parallel: bool = False
    """Whether each chunk of a call has a core of its own: none is padded, and the call takes as long as the
    longest."""

    def batch_key(self, options: ChunkOptions) -> str:
        """Chunks with the same key may share a call."""
        switches = f"{int(options.words)}{int(options.punc)}{options.itn}{int(options.translate)}"
        return f"{options.language or '?'}|{switches}|{' '.join(options.hotwords)}"


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """What to load. `device` is "cpu", "cuda:0", ...; `threads` 0 means as many as useful."""

    engine: str
    model: str
    device: str = "cpu"
    threads: int = 0


class Engine(Protocol):
    """A loaded model. Not thread-safe: one model process calls it, one batch at a time."""

    @property
    def traits(self) -> EngineTraits: ...

    @property
    def revision(self) -> str:
        """Identifies the weights, so that results of another revision are never mixed in."""
        ...

    def transcribe(self, batch: Sequence[tuple[Samples, ChunkOptions]]) -> list[ChunkResult | ChunkError]:
        """One answer per item, in order. Raises only when the whole batch failed."""
        ...


@dataclass(frozen=True, slots=True)
class EngineKind:
    """One family of engines: what the parent may ask about it, and how the model process loads it."""

    summary: str
    traits_for: Callable[[EngineRequest], EngineTraits]
    """Cheap and without heavy imports. Raises EngineError for a request that cannot be served."""
    load: Callable[[EngineRequest, ModelPaths], Engine]
    """Heavy. Raises EngineError, or whatever the model library raises."""
    roles_for: Callable[[EngineRequest], Mapping[str, str]]
    """The models it needs by role; the recogniser itself is "path"."""

    def model_paths(self, request: EngineRequest, resolve: Callable[[str], Path]) -> dict[str, Path]:
        """The directories to send with a load request; `resolve` is `ModelStore.resolve`, and may raise."""
        return {role: resolve(name) for role, name in self.roles_for(request).items()}
