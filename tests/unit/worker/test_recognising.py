"""Post-processing of recognised text in the model process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from engine_calls import recognition

from voxq.engines.contract import (
    AudioItem,
    Capability,
    ChunkError,
    EngineFamily,
    EngineRequest,
    Recognised,
    Traits,
)
from voxq.processes.model.recognising import Recogniser
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.chinese_script import Script
from voxq.speech.transcript import Segment, Word

HEARD = "我們說"
SILENCE = np.zeros(SAMPLE_RATE, np.float32)
TRAITS = Traits(detects_language=True)


@dataclass
class Traditional:
    """Recogniser with the same text for every language, since no small model reliably mixes scripts."""

    revision: str = "1"

    def run(self, batch: Sequence[AudioItem]) -> list[Recognised | ChunkError]:
        segment = Segment(HEARD, 0.0, 1.0, (Word(HEARD, 0.0, 1.0),))
        return [Recognised((segment,), item.options["language"]) for item in batch]


@pytest.fixture
def recogniser() -> Recogniser:
    family = EngineFamily(
        "traditional", Capability.RECOGNISE, "", lambda *_: Traditional(), lambda request: TRAITS
    )
    return Recogniser(family, EngineRequest("traditional", "m"), {})


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
    (answer,) = recogniser.call([AudioItem(SILENCE, recognition(language, script=script, **how))])
    assert isinstance(answer, Recognised)
    (segment,) = answer.segments
    assert (segment.text, segment.words[0].text) == (text, text)
