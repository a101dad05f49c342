"""What an engine is: a loaded model that takes a batch of chunks and answers for each.

`EngineTraits` is what the worker's parent knows without loading anything; `Engine` lives in the horse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from voxq.speech.transcript import Segment

Samples = npt.NDArray[np.float32]
"""Mono, 16 kHz, -1.0 to 1.0, shape (n,)."""


@dataclass(frozen=True, slots=True)
class ChunkOptions:
    """How one chunk is to be recognised. `language` is an ISO 639-1 code, or None for "detect it"."""

    language: str | None = None
    hotwords: tuple[str, ...] = ()
    words: bool = False


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """The text of one chunk; times in seconds from the start of the chunk."""

    segments: tuple[Segment, ...]
    language: str | None

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class ChunkError:
    """Why one chunk of a batch has no result. `code` is a snake_case word, e.g. "out_of_memory"."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Chunking:
    """How VAD segments become chunks, in seconds: neighbours less than `max_gap` apart are joined up to
    `target`; nothing is longer than `maximum`."""

    maximum: float = 30.0
    target: float = 25.0
    max_gap: float = 3.0


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

    def batch_key(self, options: ChunkOptions) -> str:
        """Chunks with the same key may share a call."""
        return f"{options.language or '?'}|{int(options.words)}|{' '.join(options.hotwords)}"


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """What the parent asks a horse to load. `device` is "cpu", "cuda:0", ...; `threads` 0 = as many as useful."""

    engine: str
    model: str
    device: str = "cpu"
    threads: int = 0


class Engine(Protocol):
    """A loaded model. Not thread-safe: one horse calls it, one batch at a time."""

    traits: EngineTraits
    revision: str
    """Identifies the weights, so that results of another revision are never mixed in."""

    def transcribe(self, batch: Sequence[tuple[Samples, ChunkOptions]]) -> list[ChunkResult | ChunkError]:
        """One answer per item, in order. Raises only when the whole batch failed."""
        ...
