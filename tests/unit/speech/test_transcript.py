import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.speech.transcript import Segment, Transcript, Word, join_texts

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)
times = st.floats(0, 1e6)
words = st.builds(Word, texts, times, times)
segments = st.builds(Segment, texts, times, times, st.lists(words, max_size=4).map(tuple))
transcripts = st.builds(
    Transcript, texts, st.sampled_from([None, "en", "zh"]), times, st.lists(segments, max_size=4).map(tuple)
)


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (["four close", "no down"], "four close no down"),
        ([" Hello,", " world. "], "Hello, world."),
        (["今天天气很好，", "我们去公园。"], "今天天气很好，我们去公园。"),
        (["今天", "天气"], "今天天气"),
        (["我用", "Python", "写代码"], "我用Python写代码"),
        (["ありがとう", "ございます"], "ありがとうございます"),
        (["안녕하세요", "여러분"], "안녕하세요 여러분"),
        (["Wait", "...", "what", "?"], "Wait... what?"),
        (["he said (", "softly", ")"], "he said (softly)"),
        (["fine 😀", "then"], "fine 😀 then"),
        (["", "  ", "one", "", "two"], "one two"),
        ([], ""),
    ],
)
def test_texts_are_joined_as_one_would_write_them(parts: list[str], joined: str) -> None:
    assert join_texts(parts) == joined


@given(st.lists(st.text(alphabet="abc XYZ", max_size=12)))
def test_latin_words_are_never_glued(parts: list[str]) -> None:
    assert join_texts(parts).split() == " ".join(parts).split()


@given(st.lists(texts))
def test_joining_keeps_every_visible_character(parts: list[str]) -> None:
    assert "".join(join_texts(parts).split()) == "".join("".join(parts).split())


@given(transcripts)
def test_json_round_trip_rounds_times_to_milliseconds(transcript: Transcript) -> None:
    stored = json.loads(json.dumps(transcript.to_json()))
    read = Transcript.from_json(stored)
    assert read.to_json() == stored
    assert (read.text, read.language) == (transcript.text, transcript.language)
    assert [s.text for s in read.segments] == [s.text for s in transcript.segments]
    for ours, theirs in zip(read.segments, transcript.segments, strict=True):
        assert ours.start == pytest.approx(theirs.start, abs=0.000_501)
        assert [w.text for w in ours.words] == [w.text for w in theirs.words]


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"text": "x", "language": None, "duration": "long", "segments": []},
        {"text": "x", "language": None, "duration": 1, "segments": [{"t": "x"}]},
        {"text": "x", "language": None, "duration": 1, "segments": ["x"]},
        {
            "text": "x",
            "language": None,
            "duration": 1,
            "segments": [{"t": "x", "s": 0, "e": 1, "w": [["x"]]}],
        },
    ],
)
def test_another_shape_is_refused(record: dict) -> None:
    with pytest.raises(ValueError):
        Transcript.from_json(record)


def test_a_transcript_has_the_text_of_its_segments() -> None:
    parts = (Segment("Hello", 0, 1), Segment("world.", 1, 2))
    assert Transcript.of(parts, "en", 2.0).text == "Hello world."


def test_shifting_a_segment_shifts_its_words() -> None:
    segment = Segment("a b", 1.0, 2.0, (Word("a", 1.0, 1.5), Word("b", 1.5, 2.0))).shifted(10)
    assert (segment.start, segment.end, segment.words[1]) == (11.0, 12.0, Word("b", 11.5, 12.0))
