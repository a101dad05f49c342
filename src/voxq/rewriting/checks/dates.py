"""Days, months and parts of the day that a text names, in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from voxq.rewriting.checks.found import Found
from voxq.rewriting.checks.numerals import CHINESE, chinese_value

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_AMBIGUOUS = "march|may"
"""Months that are other words, too, unless they stand before a number or after "in"."""
_RELATIVE: Mapping[str, str] = MappingProxyType(
    {
        word: meaning
        for meaning, words in {
            "day +3": "大后天",
            "day +2": "后天 後天",
            "day +1": "明天 明日 明儿 明早 明晚 tomorrow",
            "day 0": "今天 今日 今儿 今早 今晚 today tonight",
            "day -1": "昨天 昨日 昨儿 昨晚 昨夜 yesterday",
            "day -2": "前天",
            "day -3": "大前天",
            "week +1": "下周 下星期 下礼拜",
            "week 0": "本周 这周 这星期 这个星期 这礼拜",
            "week -1": "上周 上星期 上礼拜",
            "month +1": "下个月 下月",
            "month 0": "这个月 本月",
            "month -1": "上个月 上月",
            "year +1": "明年",
            "year 0": "今年",
            "year -1": "去年",
            "year -2": "前年",
            "year +2": "后年",
            "early": "凌晨",
            "morning": "早上 早晨 清晨 上午",
            "noon": "中午 noon",
            "afternoon": "下午",
            "evening": "晚上 傍晚 夜里",
            "midnight": "半夜 午夜 midnight",
        }.items()
        for word in words.split()
    }
)
_ENGLISH_RELATIVE: Mapping[str, str] = MappingProxyType(
    {"next": "+1", "this": "0", "last": "-1", "previous": "-1"}
)
_ENGLISH_PARTS = ("morning", "afternoon", "evening")
_PARTS_OF_DAY = frozenset(("early", "morning", "noon", "afternoon", "evening", "midnight"))
_LATIN = "|".join(word for word in _RELATIVE if word.isascii())
_CHINESE_RELATIVE = "|".join(
    sorted((word for word in _RELATIVE if not word.isascii()), key=len, reverse=True)
)
_DATES = re.compile(
    rf"""
    (?<![{CHINESE}\d几每])(?P<relative_week>[上下本这]?)(?P<week>周|週|星期|礼拜|禮拜)(?P<weekday>[一二三四五六日天])
  | (?<!\d)\d{{4}}[-/.](?P<iso>\d{{1,2}})[-/.]\d{{1,2}}(?!\d)
  | (?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?!亮|饼|球|光|下)
  | (?<![然以之最目])(?P<relative>{_CHINESE_RELATIVE})
  | \b(?P<english_weekday>{"|".join(_WEEKDAYS)})s?\b
  | \b(?P<english_month>{"|".join(each for each in _MONTHS if each not in _AMBIGUOUS.split("|"))})\b
  | \b(?P<ambiguous>{_AMBIGUOUS})\b(?=\s(?:the\s)?(?:\d|first|second|third|\w+th\b))
  | (?:\b(?:in|since|until|by|of|last|next|this)\s)(?P<after_in>{_AMBIGUOUS})\b
  | \b(?P<english_relative>next|this|last|previous)\s(?P<span>week|month|year|night)\b
  | \b(?P<latin>{_LATIN})\b
  | (?<!good\s)\b(?P<part>{"|".join(_ENGLISH_PARTS)})\b
    """,
    re.X | re.I,
)
_CLOCK_FOLLOWS = re.compile(rf"的?\s?(?:\d|[{CHINESE}])")
_CLOCK_PRECEDES = re.compile(r"(?:\d|o['’]clock|[a-z])\s(?:in the|this)\s\Z", re.I)
_GREETING = re.compile(r"[好安]")


def dates(text: str) -> list[Found]:
    """Return the days, months and parts of the day of a text in NFKC, in order.

    A part of the day beside a time may be missing, because the time may be written by the 24-hour clock.
    """
    found: list[Found] = []
    for match in _DATES.finditer(text):
        meaning = _meaning(match)
        if meaning in _PARTS_OF_DAY:
            if _GREETING.match(text, match.end()):
                continue
            is_free = _CLOCK_FOLLOWS.match(text, match.end()) is not None
            is_free = is_free or _CLOCK_PRECEDES.search(text[: match.start()][-20:]) is not None
        else:
            is_free = False
        if week := match["relative_week"]:
            step = {"上": "-1", "下": "+1"}.get(week, "0")
            found.append(Found((f"week {step}",), match.start(), match.start() + 2, match[0]))
        found.append(Found((meaning,), match.start(), match.end(), match[0], is_free))
    return found


def _meaning(match: re.Match[str]) -> str:
    if match["weekday"]:
        return f"weekday {'一二三四五六日'.index(match['weekday'].replace('天', '日')) + 1}"
    if match["iso"]:
        return f"month {int(match['iso'])}"
    if match["month"]:
        return f"month {int(chinese_value(match['month']) or 0)}"
    if match["relative"]:
        return _RELATIVE[match["relative"]]
    if match["english_weekday"]:
        return f"weekday {_WEEKDAYS.index(match['english_weekday'].casefold()) + 1}"
    if month := match["english_month"] or match["ambiguous"] or match["after_in"]:
        return f"month {_MONTHS.index(month.casefold()) + 1}"
    if match["english_relative"]:
        step = _ENGLISH_RELATIVE[match["english_relative"].casefold()]
        span = match["span"].casefold()
        return f"day {step}" if span == "night" else f"{span} {step}"
    return _RELATIVE[match["latin"].casefold()] if match["latin"] else match["part"].casefold()
