"""What becomes of a recogniser's text before it leaves the model process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from voxq.engines import registry
from voxq.engines.base import ChunkError, ChunkOptions, ChunkResult, EngineKind, EngineRequest, EngineTraits
from voxq.processes.model.recognising import Recogniser
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.chinese_script import Script
from voxq.speech.chunking import Chunking
from voxq.speech.transcript import Segment, Word

HEARD = "我們說"
SILENCE = np.zeros(SAMPLE_RATE, np.float32)
TRAITS = EngineTraits("traditional", Chunking(), max_items=1, padded_to=None, detects_language=True)


@dataclass
class Traditional:
    """Hears the same in whatever language it is told: no small model is sure to mix scripts."""

    traits: EngineTraits = TRAITS
    revision: str = "1"

    def transcribe(self, batch: Sequence[tuple[Samples, ChunkOptions]]) -> list[ChunkResult | ChunkError]:
        segment = Segment(HEARD, 0.0, 1.0, (Word(HEARD, 0.0, 1.0),))
        return [ChunkResult((segment,), options.language) for _, options in batch]


@pytest.fixture
def recogniser(monkeypatch: pytest.MonkeyPatch) -> Recogniser:
    kind = EngineKind("", lambda _: TRAITS, lambda *_: Traditional(), roles_for=lambda _: {})
    monkeypatch.setattr(registry, "find", lambda _: kind)
    return Recogniser(EngineRequest("traditional", "m"), {})


@pytest.mark.parametrize(
    ("language", "script", "how", "text"),
    [
        ("zh", "simplified", {}, "我们说"),
        ("zh", "traditional", {}, "我們說"),
        ("zh", None, {}, HEARD),
        ("ja", "simplified", {}, HEARD),
        ("yue", "simplified", {}, HEARD),
        ("zh", "simplified", {"translate": True}, HEARD),
    ],
)
def test_mandarin_is_written_in_the_script_that_is_wanted_and_nothing_else(
    recogniser: Recogniser, language: str, script: Script | None, how: dict[str, Any], text: str
) -> None:
    (answer,) = recogniser.call([(SILENCE, ChunkOptions(language, script=script, **how))])
    assert isinstance(answer, ChunkResult)
    (segment,) = answer.segments
    assert (segment.text, segment.words[0].text) == (text, text)
