"""Text that voices get: its language, and whether numbers are written out."""

from __future__ import annotations

import pytest

from voxq.engines.speak.phonemes import reading_of


def phonemes_of(text: str, language: str, *, normalised: bool = True) -> str:
    return reading_of(text, language, normalised=normalised).phonemes


pytest.importorskip("misaki", reason="the extra kokoro is not installed")
pytest.importorskip("wetext", reason="the extra kokoro is not installed")


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ("3.5", "三点五"),
        ("15:30", "十五点三十分"),
        ("25 °C", "二十五摄氏度"),
        ("1.5kg, 60%", "一点五千克，百分之六十"),
    ],
)
def test_a_chinese_voice_says_figures_that_stand_alone_in_chinese(figures: str, words: str) -> None:
    assert phonemes_of(figures, "zh") == phonemes_of(words, "zh")


def test_a_chinese_voice_says_figures_in_english_sentences_in_english() -> None:
    for text in ("Room 12", "25 °C outside", "4K", "5 men"):
        assert phonemes_of(text, "zh") == phonemes_of(text, "en")


def test_without_normalisation_figures_are_kept() -> None:
    written_out, as_it_is = (phonemes_of("13800138000", "zh", normalised=each) for each in (True, False))
    assert written_out == phonemes_of("幺三八零零幺三八零零零", "zh")
    assert as_it_is != written_out
    assert phonemes_of("$5–$10", "en", normalised=False) != phonemes_of("$5–$10", "en")


def test_an_address_inside_chinese_is_said_in_english() -> None:
    assert phonemes_of("请看www.example.com吧", "zh") == phonemes_of("请看w w w dot example dot com吧", "zh")


def test_figures_inside_english_stay_english_beside_chinese() -> None:
    assert phonemes_of("It is 3x more 今天", "en") == phonemes_of("It is three times more 今天", "en")


@pytest.mark.parametrize(
    ("language", "figures", "words"),
    [
        ("es", "3,5", "tres coma cinco"),
        ("es", "Son las 15:30.", "Son las quince y treinta."),
        ("es", "El año 2024.", "El año dos mil veinticuatro."),
        ("fr", "20 %, puis 7.", "vingt pour cent, puis sept."),
        ("fr", "A4", "A quatre"),
    ],
)
def test_spanish_and_french_numbers_are_heard(language: str, figures: str, words: str) -> None:
    pytest.importorskip("g2p2_group_romance", reason="the extra kokoro is not installed")
    assert phonemes_of(figures, language) == phonemes_of(words, language)


@pytest.mark.parametrize("language", ["es", "fr"])
@pytest.mark.parametrize("text", ["3.5", "1.2.3", "5%", "(5)", "3/4", "v2", "-5", "7."])
def test_no_number_is_silent_even_if_nothing_is_written_out(language: str, text: str) -> None:
    pytest.importorskip("g2p2_group_romance", reason="the extra kokoro is not installed")
    said = phonemes_of(text, language, normalised=False)
    assert any(map(str.isalpha, said)) and not any(map(str.isdigit, said))


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("zh", "价格￥100-200，用GPT-4o。", "价格一百到二百元，用GPT四o。"),
        ("zh", "请看www.example.com吧", "请看w w w dot example dot com吧"),
        (
            "en",
            "Dr. Smith paid $3.50 at 5 p.m.",
            "Doctor Smith paid three dollars and fifty cents at five PM.",
        ),
        ("en", "I said no.", "I said no."),
        ("en", "Acme Inc. says no. It is No. 5.", "Acme Incorporated says no. It is number five."),
        ("es", "Son las 15:30.", "Son las quince y treinta."),
    ],
)
def test_a_reading_contains_what_is_said(language: str, written: str, said: str) -> None:
    assert reading_of(written, language).text == said
