"""Things that a text says and that its rewriting must keep, in order: numbers, dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that must be kept, and its place in the text."""

    values: tuple[str, ...]
    """What it means, the likeliest first; two are equal if they share a meaning."""
    start: int
    end: int
    text: str
    is_free: bool = False
    """Whether it may also be missing."""

    def equals(self, other: Found) -> bool:
        return not set(self.values).isdisjoint(other.values)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What does not agree: things of the raw text that are missing, and others that were added."""

    missing: tuple[Found, ...] = ()
    added: tuple[Found, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.added)


_CORRECTED = re.compile(
    r"[^\w]*\w{0,3}?[\s,，、。.…—-]*"
    r"(?:不对|哦不|噢不|啊不|哎不|哦不是|啊不是|呃不是|说错了?|错了|更正一下|口误"
    r"|no,|no wait|wait,? no|wait|sorry|i mean|make that|correction|scratch that|or rather)"
    r"(?![\w]*(?:吗|呢))",
    re.I,
)
_NEAR = 24
"""Characters between a slip and its correction, at most."""


def without_slips(text: str, found: Sequence[Found]) -> list[Found]:
    """Return the same things; what the speaker took back at once ("三点，不对，四点") may be missing."""
    kept: list[Found] = []
    for number, each in enumerate(found):
        following = found[number + 1] if number + 1 < len(found) else None
        taken_back = following is not None and _is_correction(text[each.end : following.start])
        kept.append(replace(each, is_free=each.is_free or taken_back))
    return kept


def corrections(text: str, found: Sequence[Found]) -> list[tuple[int, int]]:
    """Return the places of the words by which the speaker took something back."""
    return [
        (each.end, following.start)
        for each, following in pairwise(found)
        if _is_correction(text[each.end : following.start])
    ]


def _is_correction(between: str) -> bool:
    return len(between) <= _NEAR and _CORRECTED.match(between) is not None


def in_order(raw: Sequence[Found], answer: Sequence[Found]) -> Mismatch:
    """Compare two sequences: each thing that is not free must be there, and in its place.

    Neighbours that are equal count once: a speaker may have said something twice.
    """
    before, after = _once(raw), _once(answer)
    at = to = 0
    while at < len(before) or to < len(after):
        here = before[at] if at < len(before) else None
        there = after[to] if to < len(after) else None
        if here is not None and there is not None and here.equals(there):
            at, to = at + 1, to + 1
        elif here is not None and here.is_free:
            at += 1
        elif there is not None and there.is_free:
            to += 1
        else:
            return _first_difference(before[at:], after[to:])
    return Mismatch()


def as_sets(raw: Sequence[Found], answer: Sequence[Found]) -> Mismatch:
    """Compare what is there, in any order and however often."""
    return Mismatch(missing_of(raw, answer), missing_of(answer, raw))


def missing_of(some: Iterable[Found], others: Iterable[Found]) -> tuple[Found, ...]:
    """Return those of some that are not free and that none of the others equals."""
    known = {value for each in others for value in each.values}
    return tuple(each for each in some if not each.is_free and known.isdisjoint(each.values))


def _once(found: Sequence[Found]) -> list[Found]:
    kept: list[Found] = []
    for each in found:
        if kept and kept[-1].equals(each):
            kept[-1] = kept[-1] if each.is_free else each
        else:
            kept.append(each)
    return kept


def _first_difference(raw: Sequence[Found], answer: Sequence[Found]) -> Mismatch:
    """Say what is missing or added at a place where two sequences part."""
    missing, added = missing_of(raw, answer), missing_of(answer, raw)
    if missing or added:
        return Mismatch(missing[:1], added[:1])
    return Mismatch(tuple(raw[:1]), tuple(answer[:1]))  # all are there, in another order or number
