"""Validation of model output: whatever a library returns, results can be sent, stored and displayed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.engines.contract import ChunkError, Embedding, Recognised, Rewritten, Spoken
from voxq.processes.model.answers import checked_rewriting, checked_sound, checked_text, checked_vector
from voxq.speech.transcript import Dropped, Segment, Word

SECONDS = 30.0

times = st.floats() | st.none() | st.text(max_size=3)
texts = st.text(st.characters(), max_size=20) | st.just("x" * 30_000) | st.none() | st.binary(max_size=3)
words = st.builds(Word, texts, times, times) | st.none()
segments = st.builds(Segment, texts, times, times, st.lists(words, max_size=2).map(tuple), texts) | st.none()
results: st.SearchStrategy[Any] = (
    st.builds(Recognised, st.lists(segments, max_size=3).map(tuple), st.none())
    | st.builds(ChunkError, st.just("x"), st.just("y"))
    | st.none()
    | st.text(max_size=3)
)


@given(results)
def test_accepted_texts_are_serialisable_and_within_their_chunk(answer: object) -> None:
    checked = checked_text(answer, SECONDS)
    if isinstance(checked, ChunkError):
        return
    for segment in checked.segments:
        json.dumps(segment.to_json(), allow_nan=False, ensure_ascii=False).encode()
        assert all(0 <= each.start <= each.end <= SECONDS for each in (segment, *segment.words))
        shown = (segment.text, segment.raw_text or "", *(word.text for word in segment.words))
        assert not any(
            ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for text in shown for character in text
        )


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=50), st.floats(0, SECONDS))
def test_a_valid_text_is_unchanged(text: str, end: float) -> None:
    answer = Recognised(
        (Segment(text, 0.0, end, (Word(text, 0.0, end),), text, "happy", ("applause",)),), "en"
    )
    assert checked_text(answer, SECONDS) == answer


NAN, INFINITY, LONG = float("nan"), float("inf"), "x" * 20_001
LONG_WORDS = tuple(Word(word, 0, 1) for word in [""] * 10_001 + ["xx"] * 5000)
REFUSED: dict[str, Recognised | None] = {
    "nothing": None,
    "a time that is no number": Recognised((Segment("a", NAN, 1),), None),
    "an end that is no number": Recognised((Segment("a", 0, INFINITY),), None),
    "a word that begins at no time": Recognised((Segment("a", 0, 1, (Word("a", NAN, 1),)),), None),
    "a dropped text that never ends": Recognised((), None, (Dropped("a", 0, INFINITY, "b"),)),
    "a long text": Recognised((Segment(LONG, 0, 1),), None),
    "a long raw text": Recognised((Segment("a", 0, 1, raw_text=LONG),), None),
    "long words, and many without a letter": Recognised((Segment("a", 0, 1, LONG_WORDS),), None),
    "a long emotion": Recognised((Segment("a", 0, 1, emotion=LONG),), None),
    "long events": Recognised((Segment("a", 0, 1, events=("x" * 9000,) * 3),), None),
    "many events without a name": Recognised((Segment("a", 0, 1, events=("",) * 20_001),), None),
    "a long dropped text": Recognised((), None, (Dropped(LONG, 0, 1, "b"),)),
    "a long reason": Recognised((), None, (Dropped("a", 0, 1, LONG),)),
}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED)
def test_impossible_texts_are_errors(answer: object) -> None:
    assert isinstance(checked_text(answer, SECONDS), ChunkError)


def test_texts_can_be_shown_and_lie_within_their_chunk() -> None:
    dirty, clean = "a\n\ud800\x9b", "a \ufffd "
    answer = Recognised(
        (Segment(dirty, -5, 99, (Word(dirty, -1, 98), Word("b", 97, 96)), dirty, dirty, (dirty,)),),
        None,
        (Dropped(dirty, -3, 95, dirty),),
    )
    words = (Word(clean, 0, SECONDS), Word("b", SECONDS, SECONDS))
    assert checked_text(answer, SECONDS) == Recognised(
        (Segment(clean, 0, SECONDS, words, clean, clean, (clean,)),),
        None,
        (Dropped(clean, 0, SECONDS, clean),),
    )


samples = st.one_of(
    st.lists(st.floats(width=32), max_size=5).map(lambda each: np.array(each, np.float32)),
    st.sampled_from(
        [None, "noise", [], [[1.0]], [None], np.zeros((2, 3)), np.zeros(0), np.array(1.0), 10**400]
    ),
)
sounds: st.SearchStrategy[Any] = (
    st.builds(Spoken, samples, st.integers() | st.floats() | st.none()) | st.none() | samples
)


def test_languages_are_short_and_without_control_characters() -> None:
    for language in ("x" * 10_000, b"en", 7):
        answer: Any = Recognised((), language)  # type: ignore[arg-type]
        assert isinstance(checked_text(answer, SECONDS), ChunkError)
        answer = Recognised((Segment("a", 0, 1, language=language),), None)  # type: ignore[arg-type]
        assert isinstance(checked_text(answer, SECONDS), ChunkError)
    checked = checked_text(Recognised((Segment("a", 0, 1, language="e\nn"),), "z\x1bh"), SECONDS)
    assert isinstance(checked, Recognised)
    assert (checked.language, checked.segments[0].language) == ("z h", "e n")


def test_segments_without_text_are_limited_in_number() -> None:
    empty = Segment("", 0, 1)
    for answer in (
        Recognised((empty,) * 30_000, None),
        Recognised((), None, (Dropped("", 0, 1, ""),) * 30_000),
    ):
        assert isinstance(checked_text(answer, SECONDS), ChunkError)


@given(sounds)
def test_accepted_audio_can_be_joined(answer: object) -> None:
    checked = checked_sound(answer, "Hello.", 1.0)
    if isinstance(checked, Spoken):
        assert checked.samples.dtype == np.float32
        assert checked.samples.ndim == 1
        assert np.abs(checked.samples).max(initial=0.0) <= 1.0
        assert 8_000 <= checked.sample_rate <= 192_000


@pytest.mark.parametrize("wrong", [[NAN], [0.0, INFINITY], [[0.0], [0.0]]])
def test_impossible_samples_are_errors(wrong: list[Any]) -> None:
    assert isinstance(checked_sound(Spoken(np.array(wrong, np.float32), 8000), "a", 1.0), ChunkError)


def test_sound_is_limited_and_what_was_read_out_can_be_shown() -> None:
    spoken = checked_sound(Spoken(np.array([2, -3, 0.5], np.float32), 8000, "\x1b" + LONG), "a", 1.0)
    assert isinstance(spoken, Spoken)
    assert spoken.samples.tolist() == [1, -1, 0.5]
    assert spoken.text == " " + LONG[:-2]
    unreadable: Any = b"bytes"
    spoken = checked_sound(Spoken(np.zeros(1, np.float32), 8000, unreadable), "a", 1.0)
    assert isinstance(spoken, Spoken)
    assert spoken.text is None


def test_the_length_of_spoken_sentences_is_limited() -> None:
    def seconds_allowed(text: str, speed: float, seconds: int) -> bool:
        return isinstance(
            checked_sound(Spoken(np.zeros(seconds * 8000, np.float32), 8000), text, speed), Spoken
        )

    assert seconds_allowed("Hello.", 1.0, 60)
    assert not seconds_allowed("Hello.", 1.0, 61)
    assert seconds_allowed("Hello.", 0.25, 240)
    assert seconds_allowed("x" * 90, 1.0, 90)


facts = st.dictionaries(texts, texts | st.integers() | st.floats(), max_size=3) | st.none()
rewritings: st.SearchStrategy[Any] = (
    st.builds(Rewritten, texts | st.just("x" * 60_000), texts, facts, facts, texts, texts, times, texts)
    | st.builds(ChunkError, st.just("x"), st.just("y"))
    | st.text(max_size=3)
)


@given(rewritings)
def test_accepted_rewritings_are_serialisable_and_of_a_likely_length(answer: object) -> None:
    checked = checked_rewriting(answer, "Guten Tag.")
    if isinstance(checked, ChunkError):
        return
    json.dumps(asdict(checked), allow_nan=False, ensure_ascii=False).encode()
    assert len(checked.text) <= 50_200
    assert not any(ord(character) < 0x20 and character != "\n" for character in checked.text)


def test_a_rewriting_keeps_its_lines() -> None:
    answer = Rewritten(
        "- one [0:01]\n- two", "summary", {"numbers": "ok"}, {"deleted": 3}, "m", "p", 1.5, "so"
    )
    assert checked_rewriting(answer, "one two") == answer


@pytest.mark.parametrize(
    "answer",
    [
        Embedding(()),
        Embedding((0.5, 0.5)),
        Embedding((NAN, 1.0)),
        Embedding((INFINITY,)),
        Embedding((1.0,) + (0.0,) * 4096),
        Embedding("abc"),  # type: ignore[arg-type]
        Embedding(None),  # type: ignore[arg-type]
        None,
        (1.0,),
    ],
)
def test_what_is_no_vector_of_unit_length_is_refused(answer: object) -> None:
    checked = checked_vector(answer)
    assert isinstance(checked, ChunkError)
    assert checked.code == "engine_error"


def test_a_vector_is_as_exact_as_32_bits() -> None:
    assert checked_vector(Embedding((0.6, np.float32(0.8), 1e-9))) == (0.6, 0.8, 0.0)  # type: ignore[arg-type]
    error = ChunkError("x", "y")
    assert checked_vector(error) is error
