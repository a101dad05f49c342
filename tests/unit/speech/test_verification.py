"""Comparison of speech with its text."""

from __future__ import annotations

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.speech.sentences import spoken_seconds
from voxq.speech.verification import Verification, comparable, distance, verify

words = st.text("abcdé 你好", max_size=30)


@given(words, words)
def test_the_rate_of_errors_is_that_of_jiwer(text: str, heard: str) -> None:
    wanted, said = comparable(text), comparable(heard)
    assert distance(wanted, said) == distance(said, wanted)
    if wanted:
        assert verify(text, heard, 1.0).cer == pytest.approx(jiwer.cer(wanted, said), abs=1e-4)


@pytest.mark.parametrize(
    ("text", "heard", "is_good"),
    [
        ("Good morning, everyone.", "good morning everyone", True),
        ("今天天气很好，我们出去走走。", "今天天气很好我们出去走走", True),
        ("Café au lait.", "cafe au lait", True),
        ("Good morning, everyone.", "good morning every one is here and there and everywhere", False),
        ("Good morning, everyone.", "", False),
        ("今天天气很好，我们出去走走。", "昨天下雨", False),
        ("Hm.", "m", True),
    ],
)
def test_what_is_said_decides(text: str, heard: str, is_good: bool) -> None:
    assert verify(text, heard, spoken_seconds(text)).is_good is is_good


@pytest.mark.parametrize(("seconds", "is_good"), [(0.0, False), (0.2, False), (1.0, True), (3.0, False)])
def test_speech_that_is_far_too_quick_or_slow_is_bad(seconds: float, is_good: bool) -> None:
    text = "Good morning, everyone."
    found = verify(text, text, seconds * spoken_seconds(text))
    assert (found.cer, found.is_good) == (0.0, is_good)


def test_a_wanted_speed_is_no_fault() -> None:
    text = "Good morning, everyone."
    assert verify(text, text, spoken_seconds(text) / 3, speed=3.0).rate == pytest.approx(1.0, abs=0.01)


def test_the_best_of_several_tries_comes_first() -> None:
    tries = [Verification(0.1, 9.0, 20), Verification(0.2, 1.0, 20), Verification(0.05, 1.0, 20)]
    assert min(tries, key=lambda each: each.badness) is tries[2]
    assert min(tries[:2], key=lambda each: each.badness) is tries[1]
