"""Rules of the Chinese reader: a pattern, and a function that reads a match or declines it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from voxq.speech.normalise.chinese.tables import (
    COUNTABLE,
    CURRENCY_WORDS,
    MEASURES,
    NOT_COUNTED,
)

NUMBER = r"(?:\d{1,3}(?:,\d{3})++(?!\d)(?:\.\d++)?+|\d++(?:\.\d++)?+)"
"""A number with or without thousands separators; the pattern never gives back a digit."""
DASH = r"\s?(?:[-–−~～〜－]|—(?!—)|至|到)\s?"
SCALE = r"(?:[千百十]?[万萬亿億]亿?|[千百])"

_AROUND = 16
"""Characters beside a match that may decide how it is read."""
_COUNTED = re.compile(
    rf"(?:、\d{{1,2}})?\s?(?!{NOT_COUNTED})(?:多|余|餘|来|几)?(?:{MEASURES}|{CURRENCY_WORDS})"
)
_COUNTABLE = re.compile(rf"\s?(?:多|余|餘|来)?(?:{MEASURES}|{CURRENCY_WORDS}|{COUNTABLE})")
_ORDINAL = re.compile(r"(?:[第周週初高大老卷]|星期|礼拜|禮拜|农历|正月|腊月|[零一二三四五六七八九十百千点])$")


@dataclass(frozen=True, slots=True)
class Rule:
    """`read` returns the words for a match, or None where the text around it asks for another reading."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], str | None]


def rule(pattern: str) -> Callable[[Callable[[re.Match[str]], str | None]], Rule]:
    """Make a rule of the function that is decorated; `pattern` is matched where a figure may begin."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda read: Rule(compiled, read)


def before(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - _AROUND) : match.start()]


def after(match: re.Match[str]) -> str:
    return match.string[match.end() : match.end() + _AROUND]


def is_counted(match: re.Match[str]) -> bool:
    """Whether a measure word follows, before which 2 is 两."""
    return _COUNTED.match(after(match)) is not None and not is_ordinal(match)


def is_countable(match: re.Match[str]) -> bool:
    """Whether a word follows that shows a number to be a quantity or an ordinal."""
    return _COUNTABLE.match(after(match)) is not None


def is_ordinal(match: re.Match[str]) -> bool:
    """Whether a word such as 第 stands before, after which 2 is 二."""
    return _ORDINAL.search(before(match)) is not None


def first_reading(rules: Iterable[Rule], text: str, start: int) -> tuple[str, int] | None:
    """Return the words of the first rule that reads the text at `start`, and where they end."""
    for each in rules:
        match = each.pattern.match(text, start)
        if match is not None and match.end() > start:
            said = each.read(match)
            if said is not None:
                return said, match.end()
    return None
