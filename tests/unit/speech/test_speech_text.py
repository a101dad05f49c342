"""Detection of a text's language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.speech.scripts import language_of, runs

_MIXED = st.text(st.sampled_from("aé你こ0.5 ，/@%￥$-:年月日"), max_size=60)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello", "en"),
        ("今天用Python写程序", "zh"),
        ("今日はいい天気", "ja"),
        ("The word 你好 means hello", "en"),
        ("안녕하세요", "ko"),
        ("Привет", "ru"),
        ("தமிழ்", "ta"),
        ("ქართული", "ka"),
        ("123", "en"),
        ("", "en"),
    ],
)
def test_the_script_determines_the_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_the_voice_determines_an_ambiguous_language() -> None:
    assert language_of("Hola", latin="es") == "es"
    assert language_of("東京", han="ja") == "ja"


def test_words_in_latin_letters_are_found_in_chinese() -> None:
    pieces = list(runs("我们用Node.js和Visual Studio写3.5个程序", latin=True))
    assert [piece for is_latin, piece in pieces if is_latin] == ["Node.js", "Visual Studio"]


@given(_MIXED, st.booleans())
def test_runs_cover_the_whole_text(text: str, latin: bool) -> None:
    assert "".join(piece for _, piece in runs(text, latin=latin)) == text
