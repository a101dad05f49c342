"""Sounds in which the language changes, divided into those of each language."""

from __future__ import annotations

import numpy as np

from voxq.engines.contract import SAMPLE_RATE, ChunkError, Dropped, Recognised, Segment
from voxq.engines.recognise.whisper_languages import Stretch
from voxq.engines.recognise.whisper_parts import Part, joined, parts_of
from voxq.engines.recognise.whisper_sound import Sound


def tone(seconds: float) -> Sound:
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    samples = (0.3 * np.sin(2 * np.pi * 200 * times)).astype(np.float32)
    return Sound(samples, {"likely_language": "en", "words": True})


def two_parts() -> list[Part]:
    sound = tone(5.0)
    middle = 2 * SAMPLE_RATE
    return parts_of(sound, [Stretch(0, middle, "en"), Stretch(middle, len(sound.samples), "zh")])


def test_each_part_has_its_samples_and_its_language() -> None:
    first, second = two_parts()
    assert (first.start, second.start) == (0.0, 2.0)
    assert (first.sound.seconds, second.sound.seconds) == (2.0, 3.0)
    assert [part.sound.options["language"] for part in (first, second)] == ["en", "zh"]
    assert first.sound.options["words"] is True


def test_a_window_of_30_seconds_finds_the_language_of_a_part_again() -> None:
    options = two_parts()[1].for_whole_window.options
    assert options["language"] is None
    assert options["likely_language"] == "zh"


def test_texts_are_joined_at_their_times() -> None:
    answers = [
        Recognised((Segment("Hello.", 0.1, 1.5, language="en"),), "en"),
        Recognised(
            (Segment("你好。", 0.2, 1.0, language="zh"),), "zh", (Dropped("谢谢", 1.0, 2.0, "no_speech"),)
        ),
    ]
    whole = joined(two_parts(), answers)
    assert isinstance(whole, Recognised)
    assert [(each.text, each.start, each.end) for each in whole.segments] == [
        ("Hello.", 0.1, 1.5),
        ("你好。", 2.2, 3.0),
    ]
    assert whole.dropped == (Dropped("谢谢", 3.0, 4.0, "no_speech"),)


def test_a_part_that_fails_fails_the_sound() -> None:
    error = ChunkError("out_of_memory", "The model ran out of memory.")
    assert joined(two_parts(), [Recognised((), None), error]) is error
