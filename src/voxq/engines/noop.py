"""An engine that recognises nothing, for measuring everything around it.

The model name says how long a call takes: "noop" returns at once, "sleep-10ms" after ten milliseconds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from voxq.engines.base import (
    ChunkError,
    Chunking,
    ChunkOptions,
    ChunkResult,
    EngineError,
    EngineKind,
    EngineRequest,
    EngineTraits,
    ModelPaths,
)
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.transcript import Segment, Word

_TRAITS = EngineTraits("noop", Chunking(), max_items=64, padded_to=None, detects_language=False)


@dataclass(frozen=True, slots=True)
class Noop:
    """Answers every chunk with one segment, "noop", as long as the chunk."""

    revision: str
    sleep_seconds: float
    traits: EngineTraits = _TRAITS

    def transcribe(self, batch: Sequence[tuple[Samples, ChunkOptions]]) -> list[ChunkResult | ChunkError]:
        if self.sleep_seconds:
            time.sleep(self.sleep_seconds)
        return [_answer(len(samples) / SAMPLE_RATE, options) for samples, options in batch]


def _answer(seconds: float, options: ChunkOptions) -> ChunkResult:
    words = (Word("noop", 0.0, seconds),) if options.words else ()
    return ChunkResult((Segment("noop", 0.0, seconds, words),), options.language or "en")


def _sleep_seconds(model: str) -> float:
    if model == "noop":
        return 0.0
    match = re.fullmatch(r"sleep-(\d{1,5})ms", model)
    if match is None:
        raise EngineError(f"Unknown model {model!r} of the engine noop. There are: noop, sleep-<n>ms.")
    return int(match[1]) / 1000


def _traits_for(request: EngineRequest) -> EngineTraits:
    _sleep_seconds(request.model)
    return _TRAITS


def _load(request: EngineRequest, models: ModelPaths) -> Noop:
    return Noop(revision=f"noop:{request.model}", sleep_seconds=_sleep_seconds(request.model))


KIND = EngineKind(
    summary="No recognition at all: measures the queue (models: noop, sleep-<n>ms)",
    traits_for=_traits_for,
    load=_load,
    roles_for=lambda request: {},
)
