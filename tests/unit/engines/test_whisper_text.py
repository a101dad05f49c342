from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.engines.recognise.whisper_text import full_width, merge_pieces, repeats_itself, without_loops
from voxq.speech.transcript import Word


def test_a_loop_is_reduced_to_one_repetition() -> None:
    assert without_loops("Well. " + "I'm not a fan of the " * 20 + "end") == "Well. I'm not a fan of the end"


@pytest.mark.parametrize("text", ["no, no, no", "Bye bye bye!", "one two three four", "", "好好好"])
def test_natural_repetitions_are_kept(text: str) -> None:
    assert without_loops(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "When it arrived, the keeper was no longer needed. The keeper was no longer needed.",
        "The tower stood empty for a long time. The tower stood empty for",
        "我们一起去公园散步吧，我们一起去公园散步吧。",
    ],
)
def test_a_passage_said_twice_is_noticed(text: str) -> None:
    assert repeats_itself(text)


@pytest.mark.parametrize(
    "text",
    ["No no no no, not that one.", "five five five five", "好的好的，没问题。", "Bye bye.", ""],
)
def test_a_word_said_twice_is_nothing_special(text: str) -> None:
    assert not repeats_itself(text)


@given(st.text(max_size=300))
def test_removing_loops_never_adds_text(text: str) -> None:
    assert len(without_loops(text)) <= len(text)


@given(st.text("ab《 ", min_size=1, max_size=6).filter(lambda t: t[0] != " "), st.integers(4, 50))
def test_any_short_unit_looped_is_cut_down(unit: str, times: int) -> None:
    assert len(without_loops(unit * times)) <= len(unit * 4)


def test_punctuation_follows_its_script() -> None:
    assert full_width("好,我们用Redis, OK? 对吗?") == "好，我们用Redis, OK? 对吗？"


@given(st.text(max_size=100))
def test_only_punctuation_changes(text: str) -> None:
    changed = full_width(text)
    assert len(changed) == len(text)
    assert all(a == b or a in ",?!:;" for a, b in zip(text, changed, strict=True))


def _words(*texts: str) -> list[Word]:
    return [Word(text, float(i), i + 1.0) for i, text in enumerate(texts)]


def test_split_latin_words_inside_chinese_are_merged() -> None:
    merged = merge_pieces(_words("用", "Tele", "gram", "发", "12", "3", "条", " next", " word"))
    assert [w.text for w in merged] == ["用", "Telegram", "发", "123", "条", "next", "word"]
    assert (merged[1].start, merged[1].end) == (1.0, 3.0)


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ((" my", " mother", "-in", "-law's", " car."), ["my", "mother-in-law's", "car."]),
        ((" mother", "-", "in", "-", "law", "'s"), ["mother-in-law's"]),
        ((" aujourd", "'hui,", " l", "'été"), ["aujourd'hui,", "l'été"]),
        ((" www", ".example", ".com"), ["www.example.com"]),
        (("今天", "天气，", "很好"), ["今", "天", "天", "气，", "很", "好"]),
        (("“今", "天”"), ["“今", "天”"]),
        (("カメラ", "。"), ["カ", "メ", "ラ", "。"]),
        ((" 안녕", " 하세요"), ["안녕", "하세요"]),
    ],
)
def test_words_are_whole_and_chinese_has_one_for_each_character(
    pieces: tuple[str, ...], words: list[str]
) -> None:
    assert [w.text for w in merge_pieces(_words(*pieces))] == words


def test_characters_share_the_time_of_their_token() -> None:
    first, second = merge_pieces([Word("今天", 1.0, 1.5)])
    assert (first, second) == (Word("今", 1.0, 1.25), Word("天", 1.25, 1.5))


@given(st.lists(st.text(max_size=5), max_size=20))
def test_merging_loses_no_letter_and_no_order(texts: list[str]) -> None:
    merged = merge_pieces(_words(*texts))
    assert _letters(w.text for w in merged) == _letters(texts)
    assert all(w.text and w.start <= w.end for w in merged)
    assert [w.start for w in merged] == pytest.approx(sorted(w.start for w in merged))


def _letters(texts: Iterable[str]) -> str:
    """The texts without the spaces in and between them."""
    return "".join("".join(texts).split())
