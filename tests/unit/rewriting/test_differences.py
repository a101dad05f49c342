"""Differences word by word."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxq.rewriting.differences import Changes, difference, words

WORDS = ("a", "b", "c", "我", "你", "，", ".", "don't", "3")
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join))


def spelled(raw: str, rewritten: str) -> list[tuple[str, str, str]]:
    found = difference(raw, rewritten)
    return [
        (
            each.kind,
            " ".join(word.text for word in found.raw[each.raw.start : each.raw.stop]),
            " ".join(word.text for word in found.rewritten[each.rewritten.start : each.rewritten.stop]),
        )
        for each in found.operations
    ]


def test_words_of_latin_and_characters_of_chinese() -> None:
    assert [word.text for word in words("我用 GitHub，don't")] == ["我", "用", "GitHub", "，", "don't"]
    assert all(
        "我用 GitHub，don't"[word.start : word.end] == word.text for word in words("我用 GitHub，don't")
    )


def test_operations_say_what_changed() -> None:
    assert spelled("um I do not know", "I don't know.") == [
        ("delete", "um", ""),
        ("equal", "I", "I"),
        ("replace", "do not", "don't"),
        ("equal", "know", "know"),
        ("insert", "", "."),
    ]
    assert difference("um I do not know", "I don't know.").changes == Changes(
        deleted=2, inserted=0, replaced=1, marks=1
    )


def test_equal_texts_have_no_changes() -> None:
    assert spelled("我们走", "我们走") == [("equal", "我 们 走", "我 们 走")]
    assert difference("", "").operations == ()
    assert difference("a", "a").changes == Changes()


@settings(max_examples=300, deadline=None)
@given(raw=TEXTS, rewritten=TEXTS)
def test_operations_cover_both_texts(raw: str, rewritten: str) -> None:
    check(raw, rewritten)


def check(raw: str, rewritten: str) -> None:
    """Check that the operations lead from one text to the other."""
    found = difference(raw, rewritten)
    at = to = 0
    for each in found.operations:
        assert (each.raw.start, each.rewritten.start) == (at, to)
        at, to = each.raw.stop, each.rewritten.stop
        before = [word.text for word in found.raw[each.raw.start : at]]
        after = [word.text for word in found.rewritten[each.rewritten.start : to]]
        assert (before == after) == (each.kind == "equal")
        assert before or after
    assert (at, to) == (len(found.raw), len(found.rewritten))


def test_long_texts_are_compared_closely() -> None:
    dice = random.Random(1)
    vocabulary = [f"word{number}" for number in range(300)]
    raw = dice.choices(vocabulary, k=20_000)
    rewritten = [word for word in raw if dice.random() > 0.02]
    check(" ".join(raw), " ".join(rewritten))
    changes = difference(" ".join(raw), " ".join(rewritten)).changes
    assert changes.words <= 1.05 * (len(raw) - len(rewritten))


@pytest.mark.parametrize(
    ("raw", "rewritten"),
    [
        ("a " * 50_000, "b " * 50_000),
        ("a " * 50_000, "a b " * 25_000),
        ("我你" * 50_000, "你他我" * 30_000),
        ("a b c d " * 12_000, "d c b a " * 12_000),
        ("我" * 100_000, "我" * 99_000 + "你"),
    ],
)
def test_time_grows_no_faster_than_the_text(raw: str, rewritten: str) -> None:
    begun = time.process_time()
    check(raw, rewritten)
    assert time.process_time() - begun < 8
