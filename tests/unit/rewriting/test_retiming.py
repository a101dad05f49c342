"""Times of rewritten texts, in subtitles and in differences."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxq.rewriting import timed_differences
from voxq.rewriting.light import light
from voxq.rewriting.retiming import retimed, spoken_text
from voxq.speech.cues import cues_of
from voxq.speech.subtitles import Format, render
from voxq.speech.transcript import Segment, Transcript, Word

WORDS = ("um", "I", "don't", "know", "3", "我", "你们", "嗯", "，", "。", ".", "?", "“", "R&D", "-->")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join) | st.text(max_size=40)


@st.composite
def segments(draw: st.DrawFn) -> list[Segment]:
    """Segments one after the other, some with words, of which some take no time."""
    found: list[Segment] = []
    at = 0.0
    for said in draw(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), max_size=5)):
        start = at = at + draw(st.sampled_from([0.0, 0.02, 1.5]))
        words: list[Word] = []
        for word in said:
            seconds = draw(st.sampled_from([0.0, 0.05, 0.4]))
            words.append(Word(f" {word}", at, at + seconds))
            at += seconds
        text = " ".join(said)
        found.append(Segment(text, start, at, tuple(words) if draw(st.booleans()) else ()))
    return found


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    found = draw(segments())
    end = found[-1].end if found else 0.0
    return Transcript.of(found, "en", round(end + draw(st.sampled_from([0.05, 3.0])), 3))


@settings(max_examples=400, deadline=None)
@given(transcripts(), TEXTS)
def test_times_never_run_backwards_and_lie_within_the_recording(transcript: Transcript, text: str) -> None:
    new = retimed(transcript, text)
    assert new.text == text
    spelled = "".join(word.text for segment in new.segments for word in segment.words) or "".join(
        segment.text for segment in new.segments
    )
    assert "".join(spelled.split()) == "".join(text.split())
    words = [word for segment in new.segments for word in segment.words]
    for one, other in pairwise(words):
        assert one.start <= one.end <= other.start
    for segment in new.segments:
        assert segment.text.strip() and 0 <= segment.start <= segment.end <= transcript.duration
    for one, other in pairwise(new.segments):
        assert one.end <= other.start


@settings(max_examples=400, deadline=None)
@given(transcripts(), TEXTS)
def test_cues_of_a_rewritten_text_do_not_overlap_and_end_with_the_recording(
    transcript: Transcript, text: str
) -> None:
    cues = cues_of(retimed(transcript, text).segments)
    for one, other in pairwise(cues):
        assert one.start < one.end <= other.start
    latest = round(1000 * transcript.duration)
    assert all(0 <= cue.start < cue.end <= max(latest, len(cues)) for cue in cues)
    render(retimed(transcript, text), Format.VTT)


@settings(max_examples=300, deadline=None)
@given(transcripts(), TEXTS)
def test_differences_hold_both_texts_and_times_in_order(transcript: Transcript, text: str) -> None:
    steps = timed_differences.of_transcript(transcript, text)
    assert "".join(step["raw"] for step in steps) == spoken_text(transcript)
    assert "".join(step["rewritten"] for step in steps) == text
    for step in steps:
        assert step["start"] <= step["end"]
        assert (step["op"] == "insert") == (not step["raw"].strip()) or step["op"] == "equal"
        assert (step["op"] == "delete") == (not step["rewritten"].strip()) or step["op"] == "equal"
    assert all(one["end"] <= other["start"] for one, other in pairwise(steps))


@given(TEXTS, TEXTS)
def test_differences_of_texts_without_times_hold_both(raw: str, text: str) -> None:
    steps = timed_differences.of_texts(raw, text)
    assert "".join(step["raw"] for step in steps) == raw
    assert "".join(step["rewritten"] for step in steps) == text


@settings(deadline=None)
@given(transcripts())
def test_a_text_that_did_not_change_has_the_same_subtitles(transcript: Transcript) -> None:
    new = retimed(transcript, spoken_text(transcript))
    assert [each.text for each in new.segments] == [each.text.strip() for each in transcript.segments]
    assert render(new, Format.TEXT) == render(transcript, Format.TEXT)
    for before, after in zip(cues_of(transcript.segments), cues_of(new.segments), strict=True):
        assert before.text == after.text
        assert abs(before.start - after.start) <= 2 and abs(before.end - after.end) <= 2


def said(*words: tuple[str, float, float]) -> Segment:
    spoken = tuple(Word(text, start, end) for text, start, end in words)
    return Segment(" ".join(word.text for word in spoken), spoken[0].start, spoken[-1].end, spoken)


MEETING = Transcript.of(
    [
        said(("Um,", 0.0, 0.5), ("we", 1.0, 1.2), ("we", 1.3, 1.5), ("meet", 1.5, 2.0), ("on", 2.0, 2.2)),
        said(("Tuesday", 5.0, 6.0), ("no", 6.5, 6.7), ("Wednesday.", 7.0, 8.0)),
    ],
    "en",
    9.0,
)


def test_words_keep_their_times_and_share_those_of_their_neighbours() -> None:
    new = retimed(MEETING, "We meet on Wednesday, at three.")
    first, second = new.segments
    assert (first.text, first.start, first.end) == ("We meet on", 1.3, 2.2)
    assert [(word.text, word.start) for word in first.words] == [("We", 1.3), ("meet", 1.5), ("on", 2.0)]
    assert (second.text, second.start, second.end) == ("Wednesday, at three.", 7.0, 8.0)
    assert [word.text for word in second.words] == ["Wednesday,", "at", "three."]


def test_what_was_put_in_after_a_sentence_belongs_to_the_next_one() -> None:
    spoken = [Segment("It works.", 0.0, 1.0), Segment("We are done.", 20.0, 21.0)]
    new = retimed(Transcript.of(spoken, "en", 22.0), "It works well. Therefore we are done.")
    assert [(each.text, each.start, each.end) for each in new.segments] == [
        ("It works well.", 0.0, 1.0),
        ("Therefore we are done.", 20.0, 21.0),
    ]


def test_chinese_is_aligned_by_characters() -> None:
    spoken = [Segment("嗯我们那个周三", 1.0, 3.1), Segment("下午三点开会", 10.0, 12.0)]
    transcript = Transcript.of(spoken, "zh", 13.0)
    new = retimed(transcript, "我们周三下午三点开会。")
    assert [each.text for each in new.segments] == ["我们周三", "下午三点开会。"]
    assert new.segments[0].start == pytest.approx(1.3) and new.segments[1].start == 10.0
    steps = timed_differences.of_transcript(transcript, "我们周三下午三点开会。")
    assert [(step["op"], step["raw"], step["rewritten"]) for step in steps] == [
        ("delete", "嗯", ""),
        ("equal", "我们", "我们"),
        ("delete", "那个", ""),
        ("equal", "周三下午三点开会", "周三下午三点开会"),
        ("insert", "", "。"),
    ]
    assert [(step["start"], step["end"]) for step in steps] == [
        (1.0, 1.3),
        (1.3, 1.9),
        (1.9, 2.5),
        (2.5, 12.0),
        (12.0, 12.0),
    ]


def test_speakers_of_a_call_keep_their_words() -> None:
    spoken = [
        Segment("Well, hello there.", 0.0, 3.0, channel=0),
        Segment("Hi.", 1.0, 1.5, channel=1),
        Segment("How are you?", 3.5, 4.5, channel=0),
    ]
    new = retimed(Transcript.of(spoken, "en", 5.0), "Hello there. Hi. How are you?")
    assert [(each.channel, each.text) for each in new.segments] == [
        (0, "Hello there."),
        (1, "Hi."),
        (0, "How are you?"),
    ]
    assert new.segments[1].start == 1.0


def test_the_rules_leave_the_subtitles_in_time() -> None:
    words = [
        Word(f"{text} ", number, number + 0.8) for number, text in enumerate(["um", "so", "we", "we", "meet"])
    ]
    transcript = Transcript.of([Segment("um so we we meet", 0.0, 4.8, tuple(words))], "en", 5.0)
    (segment,) = retimed(transcript, light(transcript.text, "en")).segments
    assert segment.end == 4.8 and segment.words[-1].text == "meet"


def test_a_long_transcript_is_aligned_in_time_that_grows_no_faster() -> None:
    spoken = [
        Segment(f"This is um sentence number {number}.", number, number + 0.9) for number in range(8000)
    ]
    transcript = Transcript.of(spoken, "en", 8000.0)
    begun = time.process_time()
    new = retimed(transcript, transcript.text.replace("um ", ""))
    assert time.process_time() - begun < 8
    assert len(new.segments) == 8000 and new.segments[-1].start == 7999.0
