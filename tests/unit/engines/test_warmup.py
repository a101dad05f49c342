"""Warm-up of synthesisers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from voxq.engines import voices, warmup
from voxq.engines.contract import ChunkError, EngineError, Spoken, TextItem


class Polyglot:
    """Synthesiser that records its sentences and cannot speak those in `mute`."""

    revision = "1"

    def __init__(self, *mute: str) -> None:
        self.said: list[tuple[str, str]] = []
        self._mute = mute

    def run(self, batch: Sequence[TextItem]) -> list[Spoken | ChunkError]:
        self.said += [(item.text, item.options["voice"]) for item in batch]
        spoken = Spoken(np.zeros(1, np.float32), 24_000)
        return [ChunkError("x", "No.") if item.text in self._mute else spoken for item in batch]


@pytest.mark.parametrize("mute", ["", warmup.CHINESE_SENTENCE])
def test_chinese_and_english_are_warmed_up_and_nothing_else(mute: str) -> None:
    synthesiser = Polyglot(mute)
    warmup.measure_speech(synthesiser, voices.family_of("kokoro").voices_for("kokoro"))
    assert (warmup.CHINESE_SENTENCE, "zf_xiaobei") in synthesiser.said
    assert {voice for text, voice in synthesiser.said if text != warmup.CHINESE_SENTENCE} == {"af_heart"}


def test_an_english_voice_is_warmed_up_in_english() -> None:
    synthesiser = Polyglot()
    warmup.measure_speech(synthesiser, voices.family_of("hibari").voices_for("hibari"))
    assert {text for text, _ in synthesiser.said} == {warmup.SHORT_SENTENCE, warmup.LONG_SENTENCE}


def test_a_model_without_voices_is_warmed_up_with_a_recording() -> None:
    items: list[TextItem] = []

    class Cloner:
        revision = "1"

        def run(self, batch: Sequence[TextItem]) -> list[Spoken | ChunkError]:
            items.extend(batch)
            return [Spoken(np.zeros(1, np.float32), 24_000) for _ in batch]

    warmup.measure_speech(Cloner(), (), ("de", "fr"))
    assert {item.options["language"] for item in items} == {"de"}
    assert {item.text for item in items} == {warmup.SHORT_SENTENCE, warmup.LONG_SENTENCE}
    assert len({item.reference.key for item in items if item.reference}) == 1


def test_a_voice_that_fails_its_first_sentence_is_refused() -> None:
    with pytest.raises(EngineError, match="first sentence: No"):
        warmup.measure_speech(
            Polyglot(warmup.SHORT_SENTENCE), voices.family_of("hibari").voices_for("hibari")
        )
