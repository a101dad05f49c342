"""Engine family of two synthesisers without libraries: "choir:FAMILY" with VOXQ_TEST_ENGINES=1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voxq.engines.contract import (
    Capability,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Spoken,
    TextItem,
    Traits,
    Voice,
)

_VOICES = {"soprano": (Voice("anna", "en", "female"),), "bass": (Voice("ivan", "en", "male"),)}
_RATE = 16_000


@dataclass(frozen=True, slots=True)
class Singer:
    """Synthesiser that speaks each letter as a tone."""

    revision: str
    pitch: float

    def run(self, batch: Sequence[TextItem]) -> list[Spoken]:
        return [self._sung(item.text) for item in batch]

    def _sung(self, text: str) -> Spoken:
        times = np.arange(len(text) * _RATE // 100) / _RATE
        return Spoken(np.sin(2 * np.pi * self.pitch * times).astype(np.float32) / 2, _RATE)


def _load(request: EngineRequest, models: ModelPaths) -> Singer:
    return Singer(f"choir:{request.model}", 880.0 if request.model == "soprano" else 110.0)


FAMILY = EngineFamily(
    name="choir:FAMILY",
    capability=Capability.SPEAK,
    summary="Sings",
    load=_load,
    traits_for=lambda request: Traits(max_items=4),
    models=tuple(_VOICES),
    voices_for=_VOICES.__getitem__,
    options=frozenset({"voice"}),
    devices=("cuda", "cpu"),
)
