"""Speakers of windows, their turns, and the division of a transcript at them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxq.speakers.attribution import Turn, attributed
from voxq.speakers.clustering import Count, speakers_of
from voxq.speakers.turns import turns_of
from voxq.speakers.windows import SAMPLE_RATE, hop_for, windows_over
from voxq.speech.transcript import Segment, Word


def vectors_of(who: list[int], seed: int = 0) -> npt.NDArray[np.float32]:
    """Vectors of windows, each near to the voice of its speaker; voices are about at right angles."""
    rng = np.random.default_rng(seed)
    voices = rng.normal(0, 1, (9, 256))
    return (voices[who] + rng.normal(0, 0.5, (len(who), 256))).astype(np.float32)


def as_partition(labels: npt.NDArray[np.intp]) -> set[frozenset[int]]:
    return {frozenset(map(int, np.flatnonzero(labels == each))) for each in set(labels.tolist())}


conversations = st.lists(st.integers(0, 5), min_size=1, max_size=12).map(
    lambda turns: [who for who in turns for _ in range(6)]
)


@settings(deadline=None, max_examples=30)
@given(conversations)
def test_as_many_speakers_are_found_as_there_are(who: list[int]) -> None:
    found = speakers_of(vectors_of(who), Count())
    assert as_partition(found.labels) == as_partition(np.array(who))
    assert found.labels[0] == 0, "whoever speaks first is the first"


@settings(deadline=None, max_examples=30)
@given(conversations, st.randoms(use_true_random=False))
def test_the_order_of_windows_changes_no_speaker(who: list[int], random: object) -> None:
    order = list(range(len(who)))
    random.shuffle(order)  # type: ignore[attr-defined]
    vectors = vectors_of(who)
    before, after = speakers_of(vectors, Count()), speakers_of(vectors[order], Count())
    moved = {frozenset(order.index(each) for each in group) for group in as_partition(before.labels)}
    assert as_partition(after.labels) == moved


@settings(deadline=None, max_examples=40)
@given(conversations, st.integers(1, 8))
def test_a_given_count_is_kept(who: list[int], count: int) -> None:
    found = speakers_of(vectors_of(who), Count(count, count))
    assert len(found.voices) == len(set(found.labels.tolist())) == min(count, len(who))
    again = speakers_of(vectors_of(who), Count(count, count))
    assert (again.labels == found.labels).all()


@settings(deadline=None, max_examples=30)
@given(conversations, st.integers(1, 8), st.integers(0, 7))
def test_the_count_stays_within_its_limits(who: list[int], least: int, more: int) -> None:
    most = min(8, least + more)
    found = speakers_of(vectors_of(who), Count(least, most))
    assert min(least, len(who)) <= len(found.voices) <= most


def test_a_cluster_that_is_too_small_is_no_speaker() -> None:
    who = [0] * 40 + [1] * 40 + [2]
    assert len(speakers_of(vectors_of(who), Count()).voices) == 2


def test_speakers_of_many_windows_are_found() -> None:
    who = [each // 7 % 4 for each in range(24_000)]
    found = speakers_of(vectors_of(who), Count())
    assert as_partition(found.labels) == as_partition(np.array(who))


@pytest.mark.parametrize("limits", [(0, 1), (3, 2)])
def test_a_count_that_cannot_be_is_refused(limits: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="number of speakers"):
        Count(*limits)


def test_no_window_has_no_speaker() -> None:
    found = speakers_of(np.empty((0, 256), np.float32), Count(2, 2))
    assert (len(found.labels), len(found.voices)) == (0, 0)


spans = st.lists(
    st.tuples(st.floats(0, 60), st.floats(0, 10)).map(lambda each: (each[0], each[0] + each[1])), max_size=8
)


@given(spans, st.floats(0.1, 2.0))
def test_windows_stay_within_speech_and_cover_it(speech: list[tuple[float, float]], hop: float) -> None:
    last = 50 * SAMPLE_RATE
    windows = windows_over(speech, 0, last, hop)
    assert windows == sorted(windows)
    assert all(0 <= start < end <= last and end - start <= 1.6 * SAMPLE_RATE + 1 for start, end in windows)
    assert all(
        any(round(start * SAMPLE_RATE) < end and first < round(stop * SAMPLE_RATE) for start, stop in speech)
        for first, end in windows
    )


def test_windows_of_a_long_recording_are_bounded() -> None:
    day = 24 * 3600
    assert day / hop_for(day) <= 24_000
    assert hop_for(60) == hop_for(3600)


def test_turns_change_where_the_speaker_does() -> None:
    places = windows_over([(0.0, 20.0)], 0, 20 * SAMPLE_RATE, 0.6)
    who = [0 if start + 0.8 * SAMPLE_RATE < 10 * SAMPLE_RATE else 1 for start, _ in places]
    vectors = vectors_of(who)
    first, second = turns_of(places, vectors, speakers_of(vectors, Count()))
    assert (first.start, first.speaker, second.speaker, second.end) == (0.0, 0, 1, 20.0)
    assert first.end == second.start == pytest.approx(10.0, abs=0.5)


def test_a_segment_is_divided_between_two_words() -> None:
    words = tuple(
        Word(text, float(n), n + 0.9) for n, text in enumerate(("Are", "you", "there?", "Yes,", "I", "am."))
    )
    segment = Segment("Are you there? Yes, I am.", 0.0, 6.0, words, raw_text="are you there yes i am")
    first, second = attributed([segment], [Turn(0.0, 2.8, 0), Turn(2.8, 6.0, 1)], ["S1", "S2"])
    assert (first.text, first.speaker, first.raw_text) == ("Are you there?", "S1", "are you there")
    assert (second.text, second.speaker, second.raw_text) == ("Yes, I am.", "S2", "yes i am")
    assert (first.start, first.end, second.start, second.end) == (0.0, 2.9, 3.0, 6.0)
    assert [len(each.words) for each in (first, second)] == [3, 3]


def test_chinese_without_words_is_divided_in_proportion() -> None:
    segment = Segment("你在吗？我在。", 0.0, 7.0)
    first, second = attributed([segment], [Turn(0.0, 4.0, 0), Turn(4.0, 7.0, 1)], ["S1", "S2"])
    assert (first.text, second.text) == ("你在吗？", "我在。")


def test_a_single_short_word_of_another_is_a_slip_of_its_times() -> None:
    words = tuple(Word(text, 0.3 * n, 0.3 * n + 0.2) for n, text in enumerate(["one", "two", "three"]))
    segment = Segment("one two three", 0.0, 0.9, words)
    turns = [Turn(0.0, 0.3, 0), Turn(0.3, 0.55, 1), Turn(0.55, 0.9, 0)]
    assert [each.speaker for each in attributed([segment], turns, ["S1", "S2"])] == ["S1"]


@settings(deadline=None)
@given(
    st.text("ab 你好.,", min_size=1, max_size=40),
    st.lists(st.integers(0, 2), min_size=1, max_size=8),
)
def test_no_letter_is_lost_whatever_the_turns(text: str, who: list[int]) -> None:
    segment = Segment(text.strip(), 1.0, 5.0)
    turns = [Turn(0.75 * n, 0.75 * (n + 1), each) for n, each in enumerate(who)]
    parts = attributed([segment], turns, ["S1", "S2", "S3"])
    assert "".join("".join(each.text.split()) for each in parts) == "".join(text.split())
    assert all(each.speaker and 1.0 <= each.start <= each.end <= 5.0 for each in parts)


def test_without_turns_nothing_changes() -> None:
    segment = Segment("Hello.", 0.0, 1.0)
    assert attributed([segment], [], []) == [segment]
