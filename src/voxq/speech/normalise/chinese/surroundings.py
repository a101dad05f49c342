"""What surrounds a Chinese figure: measure words behind it, words such as 第 before it."""

from __future__ import annotations

import re

from voxq.speech.normalise.chinese.tables import COUNTABLE, CURRENCY_WORDS, MEASURES, NOT_COUNTED
from voxq.speech.normalise.rules import after, before

NUMBER = r"(?:\d{1,3}(?:,\d{3})++(?!\d)(?:\.\d++)?+|\d++(?:\.\d++)?+)"
"""A number with or without thousands separators; the pattern never gives back a digit."""
DASH = r"\s?(?:[-–−~～〜－]|—(?!—)|至|到)\s?"
SCALE = r"(?:[千百十]?[万萬亿億]亿?|[千百])"

_COUNTED = re.compile(
    rf"(?:、\d{{1,2}})?\s?(?!{NOT_COUNTED})(?:多|余|餘|来|几)?(?:{MEASURES}|{CURRENCY_WORDS})"
)
_COUNTABLE = re.compile(rf"\s?(?:多|余|餘|来)?(?:{MEASURES}|{CURRENCY_WORDS}|{COUNTABLE})")
_ORDINAL = re.compile(r"(?:[第周週初高大老卷]|星期|礼拜|禮拜|农历|正月|腊月|[零一二三四五六七八九十百千点])$")


def is_counted(match: re.Match[str]) -> bool:
    """Whether a measure word follows, before which 2 is 两."""
    return _COUNTED.match(after(match)) is not None and not is_ordinal(match)


def is_countable(match: re.Match[str]) -> bool:
    """Whether a word follows that shows a number to be a quantity or an ordinal."""
    return _COUNTABLE.match(after(match)) is not None


def is_ordinal(match: re.Match[str]) -> bool:
    """Whether a word such as 第 stands before, after which 2 is 二."""
    return _ORDINAL.search(before(match)) is not None
