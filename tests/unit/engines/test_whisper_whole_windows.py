"""Recognition in windows of 30 s, by a network that is made to misbehave."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from faster_whisper.transcribe import Segment

from voxq.engines.contract import SAMPLE_RATE
from voxq.engines.recognise.whisper_network import Features, Network
from voxq.engines.recognise.whisper_whole_windows import WholeWindows
from voxq.speech.audio import Samples

TOKENS = ("transcribe", "translate", "sot", "sot_prev", "sot_lm", "no_speech")


class StopsEarly(Network):
    """Network that ends every text after `seconds`, however much speech follows."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.searches = 0

    def features(self, samples: Samples) -> Features:
        return np.zeros((80, len(samples) // 160), np.float32)

    def encode(self, features: Any, seconds: float) -> Any:
        return None

    def tokenizer(self, language: str, task: str = "transcribe") -> Any:
        return SimpleNamespace(non_speech_tokens=(), **dict.fromkeys(TOKENS, 0))

    def generate_segments(self, *args: Any) -> Iterable[Segment]:
        self.searches += 1
        assert self.searches < 100, "it would never end"
        return [Segment(0, 0, 0.0, self._seconds, f" Word {self.searches}.", [], -0.3, 1.0, 0.1, None, 0.0)]


@pytest.mark.parametrize("seconds", [0.0, 0.02, 1.0])
def test_a_text_that_always_stops_early_is_not_continued_for_ever(seconds: float) -> None:
    network = StopsEarly(seconds)
    found = WholeWindows(network, beams=(1,)).recognise(
        np.zeros(28 * SAMPLE_RATE, np.float32), {"language": "en"}
    )
    assert network.searches == 4
    assert [segment.text for segment in found.segments] == ["Word 1.", "Word 2.", "Word 3.", "Word 4."]
    assert found.segments[-1].end == pytest.approx(4 * seconds)
