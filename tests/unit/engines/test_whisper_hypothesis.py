"""Acceptance of Whisper's decodings. The figures were measured with whisper-base."""

from __future__ import annotations

import pytest
from faster_whisper.transcribe import Segment

from voxq.engines.recognise.whisper_hypothesis import Hypothesis, Voiced
from voxq.speech.transcript import Dropped


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


def hypothesis_of(*segments: Segment, is_voiced: Voiced = lambda start, end: False) -> Hypothesis:
    return Hypothesis.of(segments, 10.0, is_voiced)


def test_confident_speech_is_accepted_at_once() -> None:
    hypothesis = hypothesis_of(decoded())
    assert not hypothesis.is_doubtful
    [segment], dropped = hypothesis.written_in("de")
    assert dropped == hypothesis.dropped == []
    assert (segment.text, segment.start, segment.end) == ("Guten Tag.", 0.0, 9.5)


@pytest.mark.parametrize(
    "invented",
    [
        decoded(no_speech=0.6, log_probability=-0.9),
        decoded(no_speech=0.6, compression=3.0),
        decoded(log_probability=-1.6),
        decoded(no_speech=0.65, log_probability=-0.71),  # white noise, of all sounds the closest to speech
        decoded(no_speech=0.24, log_probability=-2.03),
        decoded(no_speech=0.54, log_probability=-0.32, compression=3.6),
    ],
)
def test_text_invented_over_noise_is_dropped_and_told(invented: Segment) -> None:
    hypothesis = hypothesis_of(invented)
    assert hypothesis.written_in("en") == ([], [])
    assert hypothesis.dropped == [Dropped("Guten Tag.", 0.0, 9.5, "no_speech")]
    assert hypothesis.end == 0.0
    assert not hypothesis.is_doubtful, "a wider search finds nothing in noise"


@pytest.mark.parametrize(
    "heard",
    [
        decoded(no_speech=0.52, log_probability=-0.62),  # two seconds in noise, on AVX2
        decoded(no_speech=0.68, log_probability=-0.48),  # as much noise as voice
        decoded(no_speech=0.12, log_probability=-0.73),
    ],
)
def test_speech_in_noise_is_accepted(heard: Segment) -> None:
    assert hypothesis_of(heard).texts == [heard.text]


@pytest.mark.parametrize(
    ("no_speech", "log_probability", "compression"),
    [(0.64, -0.65, 1.0), (0.3, -1.0, 0.4), (0.42, -1.04, 0.7), (0.48, -0.22, 2.8)],
    ids=["a spelled address", "a single word", "words over music", "a loop"],
)
def test_what_the_model_doubts_is_believed_where_a_voice_is_heard(
    no_speech: float, log_probability: float, compression: float
) -> None:
    asked: list[tuple[float, float]] = []

    def is_voiced(start: float, end: float) -> bool:
        asked.append((start, end))
        return True

    doubted = decoded(
        " Stop.", 1.0, 1.5, no_speech=no_speech, log_probability=log_probability, compression=compression
    )
    hypothesis = hypothesis_of(doubted, is_voiced=is_voiced)
    assert (hypothesis.texts, hypothesis.dropped) == ([" Stop."], [])
    assert asked == [(1.0, 1.5)]


def test_a_voice_that_nobody_understands_is_no_text() -> None:
    mumbled = decoded(no_speech=0.81, log_probability=-1.33)
    hypothesis = hypothesis_of(mumbled, is_voiced=lambda start, end: True)
    assert hypothesis.texts == []
    assert [each.why for each in hypothesis.dropped] == ["no_speech"]


@pytest.mark.parametrize(
    "doubtful", [decoded(log_probability=-0.7), decoded(compression=2.5), decoded(end=8.0)]
)
def test_unsure_looped_or_incomplete_results_are_decoded_again(doubtful: Segment) -> None:
    assert hypothesis_of(doubtful).is_doubtful


def test_what_is_clear_is_believed_from_any_window() -> None:
    assert hypothesis_of(decoded()).is_certain


@pytest.mark.parametrize(
    "heard",
    [
        decoded(log_probability=-0.58),
        decoded(compression=2.1),
        decoded(end=8.0),
        decoded(no_speech=0.9, log_probability=-0.5),
        decoded(" We wait for the keeper. We wait for the keeper."),
    ],
    ids=["unsure", "repetitive", "incomplete", "no speech", "said twice"],
)
def test_what_is_not_clear_needs_a_window_of_30_seconds(heard: Segment) -> None:
    assert not hypothesis_of(heard).is_certain
    assert not hypothesis_of().is_certain


def test_a_loop_says_everything_once_and_leaves_a_trace() -> None:
    looped = [decoded("好的" * 20, 0, 4, compression=6.0), decoded("好的" * 20, 4, 9, compression=6.0)]
    segments, dropped = hypothesis_of(*looped).written_in("zh")
    assert [segment.text for segment in segments] == ["好的"]
    assert dropped == [
        Dropped("好的" * 20, 0.0, 4.0, "repeated"),
        Dropped("好的" * 20, 4.0, 9.0, "repeated"),
    ]


def test_a_loop_in_a_long_text_is_noticed_by_its_length() -> None:
    spelled = decoded("请访问 www.example.com slash" + "x" * 60, compression=2.1)
    hypothesis = hypothesis_of(spelled)
    assert hypothesis.is_doubtful
    segments, dropped = hypothesis.written_in("zh")
    assert segments[0].text.endswith("slashx")
    assert [each.why for each in dropped] == ["repeated"]


def test_people_do_say_no_four_times() -> None:
    said = decoded(" No no no no, not that one.")
    hypothesis = hypothesis_of(said)
    assert not hypothesis.is_doubtful
    assert hypothesis.written_in("en")[0][0].text == "No no no no, not that one."


def test_times_lie_within_the_window_and_chinese_has_full_width_marks() -> None:
    [segment], _ = hypothesis_of(decoded(" 你好,世界", -0.2, 12.0)).written_in("zh")
    assert (segment.text, segment.start, segment.end) == ("你好，世界", 0.0, 10.0)
