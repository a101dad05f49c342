import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from _error_rate import character_error_rate, word_error_rate


@pytest.mark.parametrize(
    ("spoken", "heard"),
    [
        ("Hello, world.", "hello world"),
        ("It's three o'clock; don't wait!", "It is 3 o'clock do not wait"),
        ("well-known", "well known"),
        ("It’s fine", "it is fine"),
    ],
)
def test_different_spellings_of_the_same_words_are_no_errors(spoken: str, heard: str) -> None:
    assert word_error_rate(spoken, heard) == 0


def test_wrong_missing_and_invented_words_count() -> None:
    assert word_error_rate("one good day", "one bad day") == pytest.approx(1 / 3)
    assert word_error_rate("one good day", "") == 1
    assert word_error_rate("day", "day after day") == 2


def test_chinese_by_character() -> None:
    assert character_error_rate("下午三点，谢谢。", "下午3点谢谢") == 0
    assert character_error_rate("下午三点", "下午四点") == 0.25


@given(st.text(alphabet="abc de", min_size=1).filter(str.strip))
def test_a_perfect_transcript_has_no_errors(text: str) -> None:
    assert word_error_rate(text, text) == 0
