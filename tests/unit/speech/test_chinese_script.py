"""Conversion of Mandarin to a single script."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.speech.chinese_script import Script, in_script
from voxq.speech.transcript import Segment, Word

_MIXED = st.text(
    st.one_of(st.sampled_from("乾净隆臺湾後后髮发說说裏里a，“ \0"), st.characters()), max_size=40
)


def written(text: str, script: Script) -> str:
    return in_script(Segment(text, 0.0, 1.0), script).text


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        ("我們今天在臺灣開會，討論了解 Redis。", "我们今天在台湾开会，讨论了解 Redis。"),
        ("乾隆皇帝的頭髮很乾淨", "乾隆皇帝的头发很干净"),
        ("“皇后”之後", "“皇后”之后"),
        ("我们讨论答复和著作，瞭望塔在后面。", "我们讨论答复和著作，瞭望塔在后面。"),
        ("他說「渋谷のカフェ」", "他說「渋谷のカフェ」"),
    ],
)
def test_simplified(heard: str, text: str) -> None:
    assert written(heard, "simplified") == text


def test_traditional_as_in_taiwan() -> None:
    assert written("我们在台湾開会，头发很干净。", "traditional") == "我們在臺灣開會，頭髮很乾淨。"


def test_words_keep_their_times_and_are_written_as_in_the_text() -> None:
    words = (Word("乾", 0.0, 0.2), Word("隆", 0.2, 0.4), Word("乾淨", 0.4, 0.9))
    segment = in_script(Segment("乾隆乾淨。", 0.0, 1.0, words, raw_text="乾隆乾淨"), "simplified")
    assert [(word.text, word.start, word.end) for word in segment.words] == [
        ("乾", 0.0, 0.2),
        ("隆", 0.2, 0.4),
        ("干净", 0.4, 0.9),
    ]
    assert (segment.text, segment.raw_text) == ("乾隆干净。", "乾隆干净")


@given(_MIXED, st.sampled_from(get_args(Script)))
def test_a_character_stays_one_character(text: str, script: Script) -> None:
    assert len(written(text, script)) == len(text)


@given(_MIXED)
def test_simplified_text_is_unchanged(text: str) -> None:
    once = written(text, "simplified")
    assert written(once, "simplified") == once
