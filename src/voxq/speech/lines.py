"""Text cut into lines of a readable width."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from voxq.speech.transcript import is_spaceless

LINE_COLUMNS = 42
"""Width of a line; a Chinese character takes two columns."""

_ENOUGH_FOR_A_LINE = LINE_COLUMNS // 2
"""From this width on, a line ends where a sentence does."""
_SENTENCE_END = frozenset(".!?。！？…")
_NEVER_FIRST = frozenset("，。！？、；：」』）》】〉”’…—～ー々,.!?;:%)]}")
_NEVER_LAST = frozenset("「『（《【〈“‘([{")
_INVISIBLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Line:
    """The characters of a text from `start` up to `end`, perhaps with a space at the end."""

    start: int
    end: int


def printable(text: str) -> str:
    """On one line, with single spaces, without control characters and without the arrow of subtitle files."""
    visible = "".join(" " if unicodedata.category(c) in _INVISIBLE else c for c in text)
    return " ".join(visible.replace("-->", "→").split())


def lines_of(text: str) -> Iterator[Line]:
    """Lines of at most LINE_COLUMNS that together are `text`, which must be `printable`.

    Cut between words, anywhere in Chinese but before closing punctuation, and inside a word only if it is
    wider than a line.
    """
    start = columns = opportunity = 0
    for at, character in enumerate(text):
        if _may_break(text, at):
            opportunity = at
            if columns >= _ENOUGH_FOR_A_LINE and text[start:at].rstrip()[-1] in _SENTENCE_END:
                yield Line(start, at)
                start, columns = at, 0
        columns += _columns(character)
        if columns > LINE_COLUMNS and character != " ":
            cut = opportunity if opportunity > start else at
            yield Line(start, cut)
            start, columns = cut, sum(map(_columns, text[cut : at + 1]))
    if start < len(text):
        yield Line(start, len(text))


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
