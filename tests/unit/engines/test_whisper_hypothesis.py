"""Acceptance of Whisper's decodings. The figures were measured with whisper-base."""

from __future__ import annotations

import pytest
from faster_whisper.transcribe import Segment

from voxq.engines.recognise.whisper_hypothesis import Hypothesis


def decoded(
    text: str = " Guten Tag.",
    start: float = 0.0,
    end: float = 9.5,
    *,
    log_probability: float = -0.3,
    compression: float = 1.2,
    no_speech: float = 0.1,
) -> Segment:
    return Segment(0, 0, start, end, text, [], log_probability, compression, no_speech, None, 0.0)


def test_confident_speech_is_accepted_at_once() -> None:
    hypothesis = Hypothesis.of([decoded()], 10.0)
    assert not hypothesis.is_doubtful
    [segment] = hypothesis.written_in("de")
    assert (segment.text, segment.start, segment.end) == ("Guten Tag.", 0.0, 9.5)


@pytest.mark.parametrize(
    "invented",
    [
        decoded(no_speech=0.6, log_probability=-0.9),
        decoded(no_speech=0.6, compression=3.0),
        decoded(log_probability=-1.6),
        decoded(no_speech=0.65, log_probability=-0.71),  # white noise, of all sounds the closest to speech
        decoded(no_speech=0.24, log_probability=-2.03),
    ],
)
def test_text_invented_over_noise_is_dropped(invented: Segment) -> None:
    hypothesis = Hypothesis.of([invented], 10.0)
    assert hypothesis.written_in("en") == []
    assert hypothesis.end == 0.0
    assert not hypothesis.is_doubtful, "a wider search finds nothing in noise"


@pytest.mark.parametrize(
    "heard",
    [
        decoded(no_speech=0.52, log_probability=-0.62),  # two seconds in noise, on AVX2
        decoded(no_speech=0.68, log_probability=-0.48),  # as much noise as voice
        decoded(no_speech=0.12, log_probability=-0.73),
        decoded(no_speech=0.48, log_probability=-0.22, compression=2.8),
    ],
)
def test_speech_in_noise_is_accepted(heard: Segment) -> None:
    assert Hypothesis.of([heard], 10.0).texts == [heard.text]


@pytest.mark.parametrize(
    "doubtful", [decoded(log_probability=-0.7), decoded(compression=2.5), decoded(end=8.0)]
)
def test_unsure_looped_or_incomplete_results_are_decoded_again(doubtful: Segment) -> None:
    assert Hypothesis.of([doubtful], 10.0).is_doubtful


def test_a_loop_is_reduced_to_one_repetition() -> None:
    looped = [decoded("好的" * 20, 0, 4, compression=6.0), decoded("好的" * 20, 4, 9, compression=6.0)]
    assert [segment.text for segment in Hypothesis.of(looped, 10.0).written_in("zh")] == ["好的"]


def test_times_lie_within_the_window_and_chinese_has_full_width_marks() -> None:
    [segment] = Hypothesis.of([decoded(" 你好,世界", -0.2, 12.0)], 10.0).written_in("zh")
    assert (segment.text, segment.start, segment.end) == ("你好，世界", 0.0, 10.0)
