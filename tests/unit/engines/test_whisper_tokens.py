"""Passages of Whisper's output. Token 100 stands for the time stamp 0.00, 101 for 0.02, and so on."""

from __future__ import annotations

import pytest

from voxq.engines.recognise.whisper_tokens import Passage, Passages

FIRST = 100


def passages(*tokens: int) -> Passages:
    return Passages.of(tokens, FIRST, 10.0)


def test_each_passage_lies_between_its_stamps() -> None:
    found = passages(100, 1, 2, 150, 160, 3, 200)
    assert found.all == (
        Passage((1, 2), 0.0, pytest.approx(1.0)),
        Passage((3,), pytest.approx(1.2), pytest.approx(2.0)),
    )
    assert found.is_complete


def test_a_repeated_stamp_at_the_end_adds_nothing() -> None:
    assert passages(100, 1, 150, 150) == passages(100, 1, 150)


def test_text_without_an_end_lasts_as_long_as_the_sound() -> None:
    found = passages(110, 1, 2)
    assert found.all == (Passage((1, 2), pytest.approx(0.2), 10.0),)
    assert found.is_complete
    assert passages(100, 1, 150, 150, 2).all[-1] == Passage((2,), pytest.approx(1.0), 10.0)


def test_a_passage_without_a_duration_is_not_complete() -> None:
    assert not passages(100, 1, 100).is_complete
    assert passages().is_complete
    assert passages().all == ()
