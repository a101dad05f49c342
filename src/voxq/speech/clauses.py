"""Places within a sentence where a reader would rest: after a clause.

Stricter than the cuts of `sentences`, which have to fall somewhere: no place lies within quotation marks or
brackets, in a number, a date or a name, after an abbreviation, or between the items of a short list. In doubt
there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxq.speech.scripts import KANA
from voxq.speech.sentences import spoken_seconds

_SHORTEST = 0.8
"""Seconds between two marks below which they divide items of a list, or set off a remark."""

_MARKS = ",;:，；："
_CLOSERS = "\"'”’»)]」』）"
_PAIRS = {
    **{"(": ")", "[": "]", "{": "}", "“": "”", "‘": "’", "«": "»", "「": "」", "『": "』"},
    **{"（": "）", "【": "】", "《": "》", "〈": "〉", "〔": "〕", "［": "］", "｛": "｝"},
}
_NUMERALS = frozenset("零〇一二两三四五六七八九十百千万亿点")
_PRONOUN = re.compile(r"I(?!\w)")
_LAST_WORD = re.compile(r"[\w'’-]+\Z")
_KANA = re.compile(f"[{KANA}]")


def clause_ends(sentence: str) -> list[int]:
    """Return the indices before which a clause ends and after which another begins, in order.

    The white space between them, if any, follows the index.
    """
    marks = list(_free_marks(sentence, _MARKS + "、"))
    allowed = _MARKS + "、" if _KANA.search(sentence) else _MARKS  # in Chinese, 、 divides items of a list
    bounds = [0, *(end for _, end in marks), len(sentence)]
    return [
        end
        for number, (mark, end) in enumerate(marks, 1)
        if sentence[mark] in allowed
        and _is_long(sentence[bounds[number - 1] : mark])
        and _is_long(sentence[end : bounds[number + 1]])
        and _is_rest(sentence, mark, end)
    ]


def _free_marks(sentence: str, marks: str) -> Iterator[tuple[int, int]]:
    """Yield the marks outside of quotations and brackets that a word or a space follows: the index of each,
    and that after the quotation marks that follow it."""
    expected: list[str] = []
    """Closing marks of what is open, the innermost last."""
    begun = -1
    for index, character in enumerate(sentence):
        following = sentence[index + 1 : index + 2]
        _enclose(expected, character, sentence[index - 1 : index], following)
        if character in marks and _ends_word(character, following):
            begun = index
        elif character not in _CLOSERS:
            begun = -1
        if begun >= 0 and not expected and following and following not in _CLOSERS:
            yield begun, index + 1


def _enclose(expected: list[str], character: str, before: str, following: str) -> None:
    """Take account of a character that may open or close a quotation or a bracket."""
    is_in_word = following.isalnum()
    if expected and character == expected[-1] and not (character in "'’" and is_in_word):
        expected.pop()
    elif character in _PAIRS:
        expected.append(_PAIRS[character])
    elif character == '"' or (character == "'" and is_in_word and not before.isalnum()):
        expected.append(character)


def _ends_word(mark: str, following: str) -> bool:
    """Whether the mark is one of its sentence, and not part of "1,000", "12:30" or an address."""
    return not mark.isascii() or not following.isascii() or following.isspace() or following in _CLOSERS


def _is_long(stretch: str) -> bool:
    return spoken_seconds(stretch.strip()) >= _SHORTEST


def _is_rest(sentence: str, mark: int, end: int) -> bool:
    """Whether the words around a mark belong to two clauses."""
    before, after = sentence[max(0, mark - 80) : mark].rstrip(), sentence[end : end + 80].lstrip("\"'“‘«¿¡ ")
    if not before or not after or before[-1] == ".":  # etc., Inc.,
        return False
    is_figure = after[0].isdigit()
    if (before[-1].isdigit() and is_figure) or (before[-1] in _NUMERALS and after[0] in _NUMERALS):
        return False
    word = _LAST_WORD.search(before)
    is_name = word is not None and word[0][0].isupper()
    is_capital = after[0].isupper() and not _PRONOUN.match(after)
    return not (is_name and (is_capital or is_figure))  # Paris, France; March, 2024
