"""Parts of a text: within the budget, at sentences, and nothing lost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxq.rewriting import Mode, Rewrite
from voxq.rewriting.parts import joined, parts, split, tokens

STORY_ZH = "今天天气很好，我们去公园走走。路上遇到了老王！他问：“你们去哪儿？”\n\n后来下雨了，大家就回家了。"
STORY_EN = (
    "The weather was fine, so we went to the park. We met Mr. Wang there! Where to, he asked.\n\nIt rained.\n"
)
WORDS_TEXT = (
    "今天 天气 很好 ， 。 ！ Hello world . ! Mr. 3.14 https://example.com/a?b=c supercalifragilistic 🎉 é"
)
TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from([*WORDS_TEXT.split(), " ", "\n", "\n\n"]), max_size=120).map("".join),
)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, budget=st.integers(1, 200))
def test_the_parts_are_the_text(text: str, budget: int) -> None:
    pieces = split(text, budget)
    assert "".join(pieces) == text
    assert all(tokens(piece.strip()) <= max(32, budget) or len(piece.split()) > 1 for piece in pieces)


@pytest.mark.parametrize("story", [STORY_ZH, STORY_EN])
def test_parts_end_with_sentences(story: str) -> None:
    text = story * 20
    pieces = split(text, 200)
    assert len(pieces) > 3
    assert all(piece.rstrip()[-1] in '。！”.!"' for piece in pieces)
    assert all(tokens(piece) <= 200 for piece in pieces)
    assert all(tokens(piece) > 100 for piece in pieces[:-1])


def test_a_long_sentence_is_cut_at_clauses_then_words_then_anywhere() -> None:
    clauses = "如果明天下雨的话，我们就坐公共汽车去学校，" * 10
    assert all(piece.endswith("，") for piece in split(clauses, 60))
    words = "word " * 200
    assert all(set(piece.split()) == {"word"} for piece in split(words, 50))
    endless = "a" * 5000 + "😀" * 500
    pieces = split(endless, 40)
    assert "".join(pieces) == endless
    assert all(tokens(piece) <= 40 for piece in pieces)


@pytest.mark.parametrize("story", [STORY_ZH, STORY_EN])
def test_joined_answers_have_the_line_ends_of_the_text(story: str) -> None:
    text = (story + "\n\n") * 12
    pieces = split(text, 100)
    assert len(pieces) > 4
    again = joined(pieces, pieces)
    assert again.split() == text.split()
    assert joined(["一。", "二。"], ["一。", "二。"]) == "一。二。"
    assert joined(["One. ", "Two."], ["One.", "Two."]) == "One. Two."
    assert joined(["One.\n\n", "Two."], ["One.", "Two."]) == "One.\n\nTwo."
    assert joined(["One. ", "Um. ", "Two."], ["One.", "", "Two."]) == "One. Two."


def test_a_summary_is_split_between_segments() -> None:
    segments = tuple((float(number), number + 1.0, f"这是第{number}段话。") for number in range(50))
    asked = Rewrite("".join(text for _, _, text in segments), Mode.SUMMARY, "zh", segments=segments)
    pieces = parts(asked, 150)
    assert len(pieces) > 3
    assert tuple(segment for piece in pieces for segment in piece.segments) == segments
    assert "".join(piece.text for piece in pieces) == asked.text
    assert all(piece.mode is Mode.SUMMARY and piece.language == "zh" for piece in pieces)


def test_a_long_segment_keeps_its_times_in_each_part() -> None:
    asked = Rewrite(STORY_ZH * 20, Mode.SUMMARY, "zh", segments=((5.0, 90.0, STORY_ZH * 20),))
    pieces = parts(asked, 200)
    assert len(pieces) > 3
    assert {segment[:2] for piece in pieces for segment in piece.segments} == {(5.0, 90.0)}
    assert "".join(segment[2] for piece in pieces for segment in piece.segments) == STORY_ZH * 20


def test_other_modes_are_split_by_their_text() -> None:
    asked = Rewrite(STORY_EN * 20, Mode.OPTIMIZE, "en")
    assert "".join(piece.text for piece in parts(asked, 200)) == asked.text
    assert parts(Rewrite("Hello.", Mode.OPTIMIZE), 200) == (Rewrite("Hello.", Mode.OPTIMIZE),)
    assert parts(Rewrite("", Mode.OPTIMIZE), 200) == ()


def test_tokens_are_estimated_rather_too_many() -> None:
    assert tokens("") == 0
    assert 10 <= tokens("The quick brown fox jumps over the lazy dog.") <= 20
    assert 9 <= tokens("今天天气非常好。") <= 14
    assert tokens("1234567") >= 7


@pytest.mark.parametrize(
    "piece", ["今天天气很好。", "a", "a ", "。", " ", "\n", "，", "😀", "https://a.b/c?d=e&f."]
)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(characters: int) -> float:
        text = piece * (characters // len(piece))
        begun = time.process_time()
        split(text, 1000)
        return time.process_time() - begun

    seconds(1000)
    assert seconds(50_000) < 0.5 + 30 * seconds(5_000)
