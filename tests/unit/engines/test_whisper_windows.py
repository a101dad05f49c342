"""Lengths of Whisper's windows."""

from __future__ import annotations

import numpy as np

from voxq.engines.recognise.whisper_windows import WHOLE, most_tokens, most_windows, window_for

LENGTHS = np.arange(0.1, 30.0, 0.1).tolist()


def test_a_window_has_room_for_the_sound_and_a_pause() -> None:
    assert all(window_for(seconds) in (WHOLE, max(window_for(seconds), seconds + 2.0)) for seconds in LENGTHS)


def test_a_note_takes_less_than_half_of_the_whole_window() -> None:
    assert all(window_for(seconds) < WHOLE / 2 for seconds in (1.0, 4.0, 6.0, 8.0))


def test_there_are_few_lengths_so_that_batches_share_one() -> None:
    found = [window_for(seconds) for seconds in LENGTHS]
    assert found == sorted(found)
    assert len(set(found)) <= 9
    assert len({window_for(seconds) for seconds in LENGTHS if 4 <= seconds <= 8}) <= 3


def test_the_most_tokens_depend_on_the_language_and_the_length() -> None:
    assert most_tokens("en", 6.0) < most_tokens("zh", 6.0) < most_tokens("hi", 6.0)
    assert most_tokens("hi", 30.0) <= 224
    assert most_tokens("en", 0.5) >= 12, "a short sentence, and its time stamps"


def test_the_windows_of_a_call_take_no_more_memory_than_a_whole_one() -> None:
    windows = {window_for(seconds) for seconds in LENGTHS}
    assert all(most_windows(window) * window**2 <= WHOLE**2 for window in windows)
    assert most_windows(WHOLE) == 1
    assert most_windows(11.0) >= 7, "a batch of notes is not divided further"
