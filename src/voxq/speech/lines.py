"""Breaking of text into lines of a readable width."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from voxq.speech.transcript import is_spaceless

LINE_COLUMNS = 42
"""Maximum width of a line; a Chinese character takes two columns."""

_ENOUGH_FOR_A_LINE = LINE_COLUMNS // 2
"""Columns from which on a line ends where a sentence does."""
SENTENCE_END = frozenset(".!?。！？…")
_NEVER_FIRST = frozenset("，。！？、；：」』）》】〉”’…—～ー々,.!?;:%)]}")
_NEVER_LAST = frozenset("「『（《【〈“‘([{")
_INVISIBLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Line:
    """Characters of a text from `start` up to `end`, possibly with a trailing space."""

    start: int
    end: int


def printable(text: str) -> str:
    """Return the text on one line with single spaces, without control characters and the arrow "-->"."""
    visible = "".join(" " if unicodedata.category(c) in _INVISIBLE else c for c in text)
    return " ".join(visible.replace("-->", "→").split())


def lines_of(text: str) -> Iterator[Line]:
    """Break `text`, which must be `printable`, into lines of at most LINE_COLUMNS that together are the text.

    Breaks come between words, anywhere in Chinese except before closing punctuation, and inside a word only
    if it is wider than a line. There are as few lines as possible, of about the same width.
    """
    for stretch in _stretches(text):
        fewest = list(_cut(text, stretch, LINE_COLUMNS))
        average = math.ceil(sum(map(_columns, text[stretch.start : stretch.end])) / len(fewest))
        narrowest = min(average, LINE_COLUMNS)  # an unbreakable line may exceed it
        cuts = (list(_cut(text, stretch, limit)) for limit in range(narrowest, LINE_COLUMNS + 1))
        balanced = [lines for lines in cuts if len(lines) == len(fewest)]
        clean = (lines for lines in balanced if all(_is_clean(text, line) for line in lines[:-1]))
        yield from next(clean, balanced[0])


def _is_clean(text: str, line: Line) -> bool:
    """Whether the line ends between words, as far as this is known without a dictionary."""
    return text[line.end - 1] == " " or text[line.end - 1] in _NEVER_FIRST


def _stretches(text: str) -> Iterator[Line]:
    """Yield the parts that each begin on a new line: one sentence, or a few short ones."""
    start = columns = 0
    for at, character in enumerate(text):
        is_sentence_over = columns >= _ENOUGH_FOR_A_LINE and text[start:at].rstrip()[-1] in SENTENCE_END
        if is_sentence_over and _may_break(text, at):
            yield Line(start, at)
            start, columns = at, 0
        columns += _columns(character)
    if start < len(text):
        yield Line(start, len(text))


def _cut(text: str, stretch: Line, limit: int) -> Iterator[Line]:
    """Yield lines of at most `limit` columns, each as full as possible."""
    start, columns, opportunity = stretch.start, 0, stretch.start
    for at in range(stretch.start, stretch.end):
        if at > stretch.start and _may_break(text, at):
            opportunity = at
        columns += _columns(text[at])
        if columns > limit and text[at] != " " and at > start:
            cut = opportunity if opportunity > start else at
            yield Line(start, cut)
            start, columns = cut, sum(map(_columns, text[cut : at + 1]))
    yield Line(start, stretch.end)


def _may_break(text: str, at: int) -> bool:
    if at == 0 or text[at] == " ":
        return False
    before, after = text[at - 1], text[at]
    if before == " ":
        return True
    if after in _NEVER_FIRST or before in _NEVER_LAST:
        return False
    return is_spaceless(before) or is_spaceless(after)


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
