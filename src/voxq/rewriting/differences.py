"""Differences between a transcript and its rewriting, word by word.

A word is one of a script with spaces, or one character of Chinese or Japanese; a mark is a word of its own,
and white space is none. Long texts are cut at stretches of words that occur once in each of them, so the time
grows no faster than the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from voxq.speech.scripts import HAN, KANA

Kind = Literal["equal", "replace", "insert", "delete"]

_WORDS = re.compile(rf"[{HAN}{KANA}]|[^\W_{HAN}{KANA}]+(?:['’][^\W_{HAN}{KANA}]+)*|[^\w\s]|_")
_ANCHOR = 4
"""Words of a stretch at which long texts are cut."""
_COMPARED = 250_000
"""Largest product of the numbers of words that are compared each with each (difflib takes about 50 ms)."""


class Word(NamedTuple):
    """A word or a mark, and its place in the text: indices of characters."""

    text: str
    start: int
    end: int

    @property
    def is_mark(self) -> bool:
        return not self.text[0].isalnum()


@dataclass(frozen=True, slots=True)
class Operation:
    """A step from the raw words to the rewritten ones; ranges of indices into the two lists of words."""

    kind: Kind
    raw: range
    rewritten: range


@dataclass(frozen=True, slots=True)
class Changes:
    """How many words were deleted, inserted and replaced; `marks` counts marks, whatever became of them."""

    deleted: int = 0
    inserted: int = 0
    replaced: int = 0
    marks: int = 0

    @property
    def words(self) -> int:
        return self.deleted + self.inserted + self.replaced

    def to_json(self) -> dict[str, int]:
        """Convert to `{"deleted", "inserted", "replaced", "marks"}`."""
        return {
            "deleted": self.deleted,
            "inserted": self.inserted,
            "replaced": self.replaced,
            "marks": self.marks,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """Words of two texts, and the operations that lead from one to the other, covering both, in order."""

    raw: tuple[Word, ...]
    rewritten: tuple[Word, ...]
    operations: tuple[Operation, ...]

    @property
    def changes(self) -> Changes:
        deleted = inserted = replaced = marks = 0
        for each in self.operations:
            if each.kind == "equal":
                continue
            gone = sum(not self.raw[index].is_mark for index in each.raw)
            come = sum(not self.rewritten[index].is_mark for index in each.rewritten)
            marks += max(len(each.raw) - gone, len(each.rewritten) - come)
            replaced += min(gone, come)
            deleted += max(0, gone - come)
            inserted += max(0, come - gone)
        return Changes(deleted, inserted, replaced, marks)


def difference(raw: str, rewritten: str, *, with_case: bool = True) -> Difference:
    """Compare two texts; words that differ in case alone are equal only without `with_case`."""
    before, after = words(raw), words(rewritten)
    key = str if with_case else str.casefold
    steps = _operations([key(word.text) for word in before], [key(word.text) for word in after])
    return Difference(before, after, tuple(steps))


def words(text: str) -> tuple[Word, ...]:
    """Return the words and marks of a text."""
    return tuple(Word(match[0], *match.span()) for match in _WORDS.finditer(text))


def count(text: str) -> int:
    """Return the number of words of a text, marks not counted."""
    return sum(word[0].isalnum() for word in _WORDS.findall(text))


def _operations(raw: Sequence[str], rewritten: Sequence[str]) -> Iterator[Operation]:
    """Yield the operations; neighbours differ in whether they are equal."""
    at, to, equal = 0, 0, 0
    for start, other, size in [*_matches(raw, rewritten), (len(raw), len(rewritten), 0)]:
        if (start, other) == (at, to):
            equal += size
        else:
            if equal:
                yield Operation("equal", range(at - equal, at), range(to - equal, to))
            kind: Kind = "delete" if other == to else "insert" if start == at else "replace"
            yield Operation(kind, range(at, start), range(to, other))
            equal = size
        at, to = start + size, other + size
    if equal:
        yield Operation("equal", range(at - equal, at), range(to - equal, to))


def _matches(raw: Sequence[str], rewritten: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield stretches of equal words: index in each list, and length."""
    head = _common(raw, rewritten)
    tail = _common(raw[head:][::-1], rewritten[head:][::-1])
    if head:
        yield 0, 0, head
    end, other_end = len(raw) - tail, len(rewritten) - tail
    at, to = head, head
    for start, other in [*_anchors(raw[:end], rewritten[:other_end], head), (end, other_end)]:
        if start < at or other < to:
            continue  # within the stretch before it
        for index, index_there, size in _compared(raw[at:start], rewritten[to:other]):
            yield at + index, to + index_there, size
        size = min(_ANCHOR, end - start)
        if size:
            yield start, other, size
        at, to = start + size, other + size
    if tail:
        yield end, other_end, tail


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words at the beginning are equal."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _compared(raw: Sequence[str], rewritten: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield equal stretches of two lists; none of lists too long, which have no unique stretch in common."""
    if raw and rewritten and len(raw) * len(rewritten) <= _COMPARED:
        blocks = SequenceMatcher(None, raw, rewritten, autojunk=False).get_matching_blocks()
        yield from ((block.a, block.b, block.size) for block in blocks if block.size)


def _anchors(raw: Sequence[str], rewritten: Sequence[str], start: int) -> list[tuple[int, int]]:
    """Return indices of stretches that occur once in each list, rising in both; none where lists are short.

    They are the longest rising sequence, as in a patience diff.
    """
    if (len(raw) - start) * (len(rewritten) - start) <= _COMPARED:
        return []
    here, there = _unique(raw, start), _unique(rewritten, start)
    pairs = sorted((index, there[stretch]) for stretch, index in here.items() if stretch in there)
    ends: list[int] = []
    """Least index in `rewritten` that ends a rising sequence of each length."""
    last: list[int] = []
    """Index of the pair that has it."""
    before: list[int] = []
    for number, (_, other) in enumerate(pairs):
        place = bisect_left(ends, other)
        before.append(last[place - 1] if place else -1)
        ends[place : place + 1] = [other]
        last[place : place + 1] = [number]
    chain: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _unique(words: Sequence[str], start: int) -> dict[tuple[str, ...], int]:
    """Return the stretches that occur once, and where."""
    found: dict[tuple[str, ...], int] = {}
    for index in range(start, len(words) - _ANCHOR + 1):
        stretch = tuple(words[index : index + _ANCHOR])
        found[stretch] = -1 if stretch in found else index
    return {stretch: index for stretch, index in found.items() if index >= 0}
