"""Engine without recognition, for measuring everything else.

The model's name sets the duration of a call: "noop" returns at once, "sleep-10ms" after ten milliseconds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from voxq.engines.contract import (
    AudioItem,
    Capability,
    ChunkError,
    EngineError,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Recognised,
    Segment,
    Traits,
    Word,
)
from voxq.locale import Message

_TRAITS = Traits(max_items=64)


@dataclass(frozen=True, slots=True)
class Noop:
    """Engine that returns one segment, "noop", as long as the chunk."""

    revision: str
    sleep_seconds: float

    def run(self, batch: Sequence[AudioItem]) -> list[Recognised | ChunkError]:
        if self.sleep_seconds:
            time.sleep(self.sleep_seconds)
        return [_answer(item) for item in batch]


def _answer(item: AudioItem) -> Recognised:
    words = (Word("noop", 0.0, item.seconds),) if item.options.get("words") else ()
    segment = Segment("noop", 0.0, item.seconds, words)
    return Recognised((segment,), item.options.get("language") or "en")


def _sleep_seconds(model: str) -> float:
    if model == "noop":
        return 0.0
    match = re.fullmatch(r"sleep-(\d{1,5})ms", model)
    if match is None:
        raise EngineError(
            Message("Unknown model {model!r} of the engine noop. There are: noop, sleep-<n>ms.", model=model)
        )
    return int(match[1]) / 1000


def _traits_for(request: EngineRequest) -> Traits:
    _sleep_seconds(request.model)
    return _TRAITS


def _load(request: EngineRequest, models: ModelPaths) -> Noop:
    return Noop(revision=f"noop:{request.model}", sleep_seconds=_sleep_seconds(request.model))


FAMILY = EngineFamily(
    name="noop",
    devices=("cpu", "cuda"),  # it uses none: what runs beside it can be tried without a GPU
    capability=Capability.RECOGNISE,
    summary=Message("No recognition at all: measures the queue (models: noop, sleep-<n>ms)"),
    traits_for=_traits_for,
    load=_load,
    options=frozenset({"language", "words"}),
)
