import json
import re
from html import unescape
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.speech.cues import cues_of
from voxq.speech.lines import LINE_COLUMNS, lines_of, printable
from voxq.speech.subtitles import Format, render
from voxq.speech.transcript import Dropped, Segment, Transcript, Word, merged

nasty = st.sampled_from(
    ["-->", "--", ">", "\n\n", "\r", "\u2028", "1\n", "&lt;", "<b>", "\x00", "  ", "。", "”"]
)
plain = st.sampled_from(
    ["hello", "world.", "你好", "今天天气很好，", "supercalifragilistic" * 4, "한국어", "e\u0301"]
)
texts = st.lists(nasty | plain | st.text(max_size=8), max_size=20).map("".join)
times = st.floats(-1, 1e5)


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    """Segment with words that spell its text, with words that do not, or without words."""
    text = draw(texts)
    spelling = draw(st.sampled_from([text.split(" "), ["other", "words"], []]))
    words = tuple(Word(part, draw(times), draw(times)) for part in spelling)
    return Segment(text, draw(times), draw(times), words)


transcripts = st.lists(segments(), max_size=5).map(lambda found: Transcript.of(found, "en", 100.0))


class Parsed(NamedTuple):
    start: int
    end: int
    lines: list[str]


def milliseconds(clock: str) -> int:
    match = re.fullmatch(r"(\d{2,}):([0-5]\d):([0-5]\d)[.,](\d{3})", clock)
    assert match, clock
    hours, minutes, seconds, rest = map(int, match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def parsed(block: str) -> Parsed:
    timing, *lines = block.splitlines()
    start, end = timing.split(" --> ")
    return Parsed(milliseconds(start), milliseconds(end), lines)


def parse_srt(content: str) -> list[Parsed]:
    blocks = [block.strip("\n") for block in re.split(r"\n{2,}", content) if block]
    numbers = [int(block.split("\n", 1)[0]) for block in blocks]
    assert numbers == list(range(1, len(blocks) + 1))
    return [parsed(block.split("\n", 1)[1]) for block in blocks]


def parse_vtt(content: str) -> list[Parsed]:
    header, *blocks = [block.strip("\n") for block in re.split(r"\n{2,}", content) if block.strip("\n")]
    assert header == "WEBVTT"
    return [parsed(block) for block in blocks]


@given(transcripts)
def test_cues_never_overlap_and_lines_are_never_blank(transcript: Transcript) -> None:
    for cues in (parse_srt(render(transcript, Format.SRT)), parse_vtt(render(transcript, Format.VTT))):
        assert all(cue.start < cue.end for cue in cues)
        assert all(a.end <= b.start for a, b in pairwise(cues))
        for cue in cues:
            assert 1 <= len(cue.lines) <= 2
            assert all(line.strip() and "-->" not in line for line in cue.lines)


@given(transcripts)
def test_subtitles_hold_the_whole_text(transcript: Transcript) -> None:
    said = "".join(printable(segment.text) for segment in transcript.segments).replace(" ", "")
    srt = "".join(line for cue in parse_srt(render(transcript, Format.SRT)) for line in cue.lines)
    vtt = "".join(unescape(line) for cue in parse_vtt(render(transcript, Format.VTT)) for line in cue.lines)
    assert srt.replace(" ", "") == said
    assert unescape(said) == unescape(vtt.replace(" ", ""))


@given(st.text(alphabet="abcdef ,.", max_size=400))
def test_latin_lines_fit(text: str) -> None:
    cues = cues_of([Segment(text, 0, 30)])
    assert all(len(line) <= LINE_COLUMNS for cue in cues for line in cue.text.split("\n"))


@given(st.text(alphabet="今天天气很好，。", max_size=200))
def test_chinese_lines_fit_and_do_not_begin_with_closing_punctuation(text: str) -> None:
    lines = [line for cue in cues_of([Segment(text, 0, 30)]) for line in cue.text.split("\n")]
    assert all(len(line) <= LINE_COLUMNS // 2 for line in lines)
    if not re.search("[，。]{20}", text):
        assert all(line[0] not in "，。" for line in lines if line and not text.startswith(line))


@given(st.integers(0, 3600), st.floats(1, 30), texts)
def test_cues_stay_inside_their_segment(start: int, length: float, text: str) -> None:
    for cue in cues_of([Segment(text, start, start + length)]):
        assert start * 1000 <= cue.start
        assert cue.end <= max((start + length) * 1000, cue.start) + 1


def test_word_times_determine_the_times_of_lines() -> None:
    spoken = "this first sentence fills a line. And here the second one begins, after a pause."
    names = spoken.split()
    pause = names.index("And")
    words = tuple(
        Word(w, i + (10 if i >= pause else 0), i + 0.9 + (10 if i >= pause else 0))
        for i, w in enumerate(names)
    )
    first, *rest = cues_of([Segment(spoken, 0, 40, words)])
    assert (first.start, first.end) == (0, round(1000 * (pause - 0.1)))
    assert rest[0].start == 1000 * (pause + 10)
    assert rest[-1].end == round(1000 * (len(names) + 9.9))


def test_srt_and_vtt_to_the_letter() -> None:
    transcript = Transcript.of(
        [Segment("R&D -> go", 3661.5, 3662.0), Segment("好的。", 3662.0, 3663.25)], "en", 4000
    )
    assert render(transcript, Format.SRT) == (
        "1\n01:01:01,500 --> 01:01:02,000\nR&D -> go\n\n2\n01:01:02,000 --> 01:01:03,250\n好的。\n"
    )
    assert render(transcript, Format.VTT) == (
        "WEBVTT\n\n01:01:01.500 --> 01:01:02.000\nR&amp;D -&gt; go\n\n01:01:02.000 --> 01:01:03.250\n好的。\n"
    )


def test_a_file_without_speech_is_valid() -> None:
    silence = Transcript("", None, 3.0)
    assert render(silence, Format.SRT) == ""
    assert render(silence, Format.VTT) == "WEBVTT\n"
    assert render(silence, Format.TEXT) == "\n"


@given(transcripts)
def test_json_forms_hold_text_and_times(transcript: Transcript) -> None:
    simple, verbose = (
        json.loads(render(transcript, Format.JSON)),
        json.loads(render(transcript, Format.VERBOSE_JSON)),
    )
    assert simple["text"] == verbose["text"] == transcript.text
    assert len(simple["segments"]) == len(verbose["segments"]) == len(transcript.segments)
    assert ("words" in verbose) == any(segment.words for segment in transcript.segments)


def test_verbose_json_has_every_field_the_openai_sdk_requires() -> None:
    transcript = Transcript.of([Segment("Hi there", 0.5, 1.23456, (Word(" Hi", 0.5, 0.7),))], "en", 2.0)
    verbose = json.loads(render(transcript, Format.VERBOSE_JSON))
    assert verbose["segments"] == [
        {
            "id": 0,
            "seek": 50,
            "start": 0.5,
            "end": 1.235,
            "text": "Hi there",
            "tokens": [],
            "temperature": 0.0,
            "avg_logprob": 0.0,
            "compression_ratio": 0.5,
            "no_speech_prob": 0.0,
        }
    ]
    assert verbose["words"] == [{"word": "Hi", "start": 0.5, "end": 0.7}]
    assert {key: verbose[key] for key in ("task", "language", "duration")} == {
        "task": "transcribe",
        "language": "en",
        "duration": 2.0,
    }


def test_json_forms_say_what_was_taken_out_and_that_nobody_spoke() -> None:
    dropped = Dropped("Thank you.", 1.0, 2.5, "no_speech")
    silence = Transcript.of([], None, 3.0, [dropped])
    spoken = Transcript.of([Segment("Hi", 0.0, 1.0, language="en")], "en", 3.0)
    for format in (Format.JSON, Format.VERBOSE_JSON):
        told = json.loads(render(silence, format))
        assert told["no_speech"] is True
        assert told["dropped"] == [{"start": 1.0, "end": 2.5, "text": "Thank you.", "why": "no_speech"}]
        told = json.loads(render(spoken, format))
        assert told["no_speech"] is False
        assert not told.get("dropped")
        assert told["segments"][0]["language"] == "en"


@pytest.mark.parametrize("format", [each for each in Format if each is not Format.RTTM])
def test_every_format_but_that_of_turns_alone_has_the_text(format: Format) -> None:
    assert "Hi there" in render(Transcript.of([Segment("Hi there", 0.0, 1.0)], "en", 1.0), format)


def test_a_word_with_a_mark_over_the_edge_of_a_line_is_kept_whole() -> None:
    text = "→→<b>hellohelloworld.world.0000000\u0e5cworld. →"
    assert [text[line.start : line.end].strip() for line in lines_of(text)] == text.split()


CALL = Transcript.of(
    [
        Segment("Hello?", 0.0, 1.0, channel=0),
        Segment("Hi, it <is> me.", 0.8, 3.0, channel=1),
        Segment("Good to hear you.", 3.2, 4.0, channel=1),
        Segment("Yes.", 3.9, 4.5, channel=0),
    ],
    "en",
    5.0,
)


def test_speakers_of_a_call_are_named() -> None:
    assert render(CALL, Format.TEXT) == "Left: Hello?\nRight: Hi, it <is> me. Good to hear you.\nLeft: Yes.\n"
    assert "\n\n2\n00:00:00,800 --> 00:00:03,000\nRight: Hi, it <is> me.\n" in render(CALL, Format.SRT)
    assert "\n00:00:00.800 --> 00:00:03.000\n<v Right>Hi, it &lt;is&gt; me.\n" in render(CALL, Format.VTT)
    for format in (Format.JSON, Format.VERBOSE_JSON):
        channels = [each["channel"] for each in json.loads(render(CALL, format))["segments"]]
        assert channels == [0, 1, 1, 0]
    assert Transcript.from_json(CALL.to_json()) == CALL


def test_cues_of_two_speakers_may_overlap_and_stay_in_order() -> None:
    cues = cues_of(CALL.segments)
    assert [(cue.start, cue.end, cue.channel) for cue in cues] == [
        (0, 1000, 0),
        (800, 3000, 1),
        (3200, 4000, 1),
        (3900, 4500, 0),
    ]


def test_segments_of_two_channels_are_merged_by_time() -> None:
    left = [Segment("a", 0.0, 1.0), Segment("c", 2.0, 3.0)]
    right = [Segment("b", 1.0, 2.5), Segment("d", 2.5, 3.0)]
    assert [(each.text, each.channel) for each in merged([left, right])] == [
        ("a", 0),
        ("b", 1),
        ("c", 0),
        ("d", 1),
    ]
