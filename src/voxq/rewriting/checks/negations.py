"""Negations of a text, and whether its rewriting has them where they were."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from voxq.rewriting.differences import Difference, Operation, Word

_HAN = "\u4e00-\u9fff"
_NO_NEGATION = (
    r"不过|不仅|不但|不光|不单|不断|差不多|不好意思|对不起|不管|不论|不然|了不起|不如|不愧|不由得|不禁|不久|不约而同"
    r"|不妨|不一会儿|巴不得|恨不得|怪不得|要不|动不动|时不时|别人|别的|别处|别名|别墅|别扭|别致"
    r"|[特区分级类性个告差识鉴辨派离判送道饯永诀]别|没关系|没准儿?|无论|无所谓|无线|无人机|无非|无数|无聊"
    r"|未来|未婚"
)
_QUESTION = rf"(?P<verb>(?![不没])[{_HAN}])[不没](?P=verb)|是否|能否|可否|有没有"
"""Questions such as 是不是, which an editor may ask otherwise."""
_NEGATIONS = re.compile(
    rf"(?P<none>{_NO_NEGATION}|{_QUESTION})"
    r"|(?P<chinese>[不没別别甭勿未莫]|无(?!锡))"
    r"|\b(?P<latin>not|no|never|none|nothing|nobody|nowhere|neither|nor|without|cannot"
    r"|(?:ai|are|ca|could|did|does|do|had|has|have|is|might|must|need|should|wa|was|were|wo|would)n['’]?t"
    r"|(?:\w{1,10})n['’]t)\b",
    re.I,
)
_NO_WORDS = frozenset(("want", "went"))
_REPEATED = re.compile(r"\b(no|not|never)(?:[,，\s]+\1\b)+|([不没别])(?:[，,]?\2)+", re.I)


def once(text: str) -> str:
    """Return the text with one negation where several stand in a row: 不不不, "no, no"."""
    return _REPEATED.sub(lambda several: several[1] or several[2], text)


def negations(text: str, ignored: Iterable[tuple[int, int]] = ()) -> list[int]:
    """Return the indices of the negations.

    `ignored` are places of words that take back a slip ("三点，不对，四点"), where none counts.
    """
    skipped = {index for start, end in ignored for index in range(start, end)}
    return [
        match.start()
        for match in _NEGATIONS.finditer(text)
        if not (match["none"] or match[0].casefold() in _NO_WORDS or match.start() in skipped)
    ]


def moved(difference: Difference, before: Sequence[int], after: Sequence[int]) -> str | None:
    """Return the words around the first negation that was lost, added or moved, or None.

    Both lists are indices of negations. Each stretch of words that was changed must have as many as before.
    """
    at = to = 0
    for index, each in enumerate(difference.operations):
        last = index == len(difference.operations) - 1
        end = len(before) if last else bisect_right(before, _end(difference.raw, each.raw) - 1)
        until = len(after) if last else bisect_right(after, _end(difference.rewritten, each.rewritten) - 1)
        if end - at != until - to and not _is_repeated(difference, each):
            return _around(difference, each.raw, each.rewritten)
        at, to = end, until
    return None


def _is_repeated(difference: Difference, operation: Operation) -> bool:
    """Whether the words that were deleted stand beside the place once more: a stutter."""
    if operation.kind != "delete":
        return False
    start, stop = operation.raw.start, operation.raw.stop
    deleted = _spoken(difference.raw[start:stop])
    following = _spoken(difference.raw[stop : stop + 2 * len(deleted)])
    preceding = _spoken(difference.raw[max(0, start - 2 * len(deleted)) : start])
    return deleted in (following[: len(deleted)], preceding[-len(deleted) :])


def _spoken(words: Sequence[Word]) -> list[str]:
    return [word.text.casefold() for word in words if not word.is_mark]


def _end(words: Sequence[Word], span: range) -> int:
    return words[span.stop - 1].end if span.stop else 0


def _around(difference: Difference, raw: range, rewritten: range) -> str:
    words, span = (difference.raw, raw) if raw else (difference.rewritten, rewritten)
    near = words[max(0, span.start - 2) : span.stop + 3][:12]
    joined = ""
    for word in near:
        joined += " " + word.text if joined[-1:].isascii() and word.text.isascii() else word.text
    return joined.strip()
