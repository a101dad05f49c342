"""What Kokoro's voices are given to read: in which language, and with numbers written out or not."""

from __future__ import annotations

import pytest

from voxq.engines.phonemes import phonemes_of

pytest.importorskip("misaki", reason="the extra kokoro is not installed")
pytest.importorskip("wetext", reason="the extra kokoro is not installed")


@pytest.mark.parametrize(("figures", "words"), [("3.5", "三点五"), ("15:30", "十五点三十分")])
def test_a_chinese_voice_says_figures_that_stand_alone_in_chinese(figures: str, words: str) -> None:
    assert phonemes_of(figures, "zh") == phonemes_of(words, "zh")


def test_in_an_english_sentence_it_says_them_in_english() -> None:
    assert phonemes_of("Room 12", "zh") == phonemes_of("Room 12", "en")


def test_the_switch_keeps_what_is_not_in_words() -> None:
    written_out, as_it_is = (phonemes_of("13800138000", "zh", normalised=each) for each in (True, False))
    assert written_out == phonemes_of("幺三八零零幺三八零零零", "zh")
    assert as_it_is != written_out
