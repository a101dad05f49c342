"""Chinese dates and times: 2024-05-01 is 二零二四年五月一日, 8:05 is 八点零五分."""

from __future__ import annotations

import re

from voxq.speech.normalise.chinese.numbers import counted, quantity, spelt
from voxq.speech.normalise.chinese.surroundings import DASH, is_countable
from voxq.speech.normalise.rules import Rule, after, before, rule

_YEAR = r"(?:1\d|20|21)\d\d"
_TIME = r"(?:2[0-4]|[01]?\d)[:：][0-5]\d(?:[:：][0-5]\d)?(?![\d:：])"
_HALF = r"\s?(?:[AaPp]\.?[Mm]\b\.?)"
_RATIO = re.compile(r"(?:比例|比|比率|配比|按|赔率|尺|比分|以|打成|总分)(?:为|是|：|:)?\s?$")
_LONG_AGO = re.compile(r"(?:近|约|大约|超过|长达|有|了|上|距今|历经|历时|[约近过达])$")
_SPAN = re.compile(r"(?:多|余|来)?年(?:的|之久|历史|文明|以来|老|前的|间|内|后的)")
_EVENT = re.compile(
    r"(?:财年|财报|届|版|款|赛季|年度|学年|级新生|Q[1-4](?!\d)|H[12](?!\d)|大选|世界杯|奥运|东京|巴黎|欧洲杯|亚洲杯|春晚|春节|"
    r"双十一|中国|全国|全球|世界|国际|夏|冬|春|秋|高考|中考|考研|计划|年|新款|新年|校招|[-/]20\d\d)"
)
_AT = re.compile("[在从]$|(?<![等高低大小多少])于$")
_SINCE = re.compile(
    r"(?:自|自从|截至|截止|早在|始于|成立于|建于|生于|卒于|毕业于|发布于|公元|西元|《|年份[:：]?)$"
)


def _date(year: str, month: str, day: str) -> str | None:
    if not (1 <= int(month) <= 12 and 1 <= int(day or 1) <= 31):
        return None
    said = f"{spelt(year)}年{quantity(month)}月"
    return f"{said}{quantity(day)}日" if day else said


@rule(rf"({_YEAR})([-/.])(\d{{1,2}})\2(\d{{1,2}})(?![\d\-/]|\.\d)(?:T(?=\d\d:))?[日号]?")
def _full_date(match: re.Match[str]) -> str | None:
    return _date(match[1], match[3], match[4])


@rule(rf"({_YEAR})[-/](0[1-9]|1[0-2])(?![\d\-/]|年|学年|赛季)")
def _month_of_year(match: re.Match[str]) -> str | None:
    return _date(match[1], match[2], "")


@rule(rf"({_YEAR}){DASH}({_YEAR})(?=(?:年|学年|赛季|财年|年度)|(?![\d.,:/-]|\s?[万亿元个人米块公千]))")
def _years(match: re.Match[str]) -> str | None:
    return f"{spelt(match[1])}到{spelt(match[2])}" if match[1] < match[2] else None


@rule(r"(\d{2})([-/])(\d{2})(?=赛季|学年|财年)")
def _season(match: re.Match[str]) -> str:
    return f"{spelt(match[1])}到{spelt(match[3])}"


@rule(r"(\d{1,4})(?=年)")
def _year(match: re.Match[str]) -> str | None:
    """Read a year digit by digit, 1998年; a number of years is left to other rules: 5000年历史, 24年."""
    year, earlier, later = match[1], before(match), after(match)
    if len(year) == 4:
        is_span = year[0] not in "12" or (year[1:] == "000" and _LONG_AGO.search(earlier))
        is_span = is_span or (_SPAN.match(later) and year.endswith("00") and not _SINCE.search(earlier))
        return None if is_span or year > "2999" else spelt(year)
    if re.search(r"(?:公元前?|西元前?|纪元前?)$", earlier):
        return spelt(year) if len(year) == 3 else quantity(year)
    if len(year) == 2 and re.search("['‘’]$", earlier):
        return spelt(year)
    short = len(year) == 2 and re.match(r"年(?:代|\d{1,2}月|出生|生人|生的|款|版|属)", later)
    if short and later.startswith("年代"):
        return spelt(year) if year[0] == "0" or not year.endswith("0") else quantity(year)
    return spelt(year) if short else None


@rule(r"((?:19|20)\d\d)(?![\d.,:：/-])")
def _named_year(match: re.Match[str]) -> str | None:
    """Read a year that has no 年 behind it: 2024巴黎奥运会."""
    is_year = _EVENT.match(after(match)) or _SINCE.search(before(match))
    is_year = is_year or (_AT.search(before(match)) and not is_countable(match))
    return spelt(match[1]) if is_year else None


@rule(
    r"(\d{1,2})(?:[·•・]|[./](?=\d{1,2}(?:假期|小?长假|黄金周|晚会|事件|劳动节|青年节|大促|购物节|地震|惨案)))(\d{1,2})(?!\d)"
)
def _remembered(match: re.Match[str]) -> str:
    return spelt(match[1] + match[2])


@rule(r"([0-9][05])(?=后(?!退|来|期|面|续|果))")
def _generation(match: re.Match[str]) -> str | None:
    is_count = re.search(r"[\d一二三四五六七八九十百第]$", before(match)) or match[1] in (
        "15",
        "20",
        "25",
        "30",
    )
    return None if is_count else spelt(match[1])


@rule(r"0(\d)(?=[月日号號时時点點](?!码))")
def _without_zero(match: re.Match[str]) -> str:
    return quantity(match[1])


def _clock(text: str) -> str:
    half = re.search(_HALF, text)
    hour, *rest = (re.sub(_HALF, "", text).replace("：", ":")).split(":")
    said, number = "", int(hour)
    if half:
        is_late = half[0].strip()[0] in "pP"
        number = number % 12 + (12 if is_late else 0)
        part = next(
            name
            for limit, name in ((5, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
            if number < limit
        )
        said, number = part, number - 12 if number > 12 else number
    minute, second = (rest[0] if rest else "00"), (rest[1] if len(rest) > 1 else None)
    said += f"{counted(str(number))}点"
    if minute != "00" or second not in (None, "00"):
        said += f"{_sixtieth(minute)}分"
    if second not in (None, "00"):
        said += f"{_sixtieth(second)}秒"
    return said


def _sixtieth(figures: str) -> str:
    return spelt(figures) if figures[0] == "0" and figures != "00" else quantity(figures)


@rule(rf"({_TIME}(?:{_HALF})?)(?:{DASH}({_TIME}(?:{_HALF})?))?(?:\s?(?:点|分))?")
def _time(match: re.Match[str]) -> str | None:
    if _RATIO.search(before(match)):
        return None
    begin, end = match[1], match[2]
    return f"{_clock(begin)}到{_clock(end)}" if end else _clock(begin)


@rule(rf"(1[0-2]|[1-9])({_HALF})(?![A-Za-z])")
def _hour(match: re.Match[str]) -> str:
    return _clock(match[0])


@rule(r"(\d+(?:\.\d+)?(?:[:：]\d+(?:\.\d+)?)+)(?![:：])")
def _ratio(match: re.Match[str]) -> str:
    return "比".join(map(quantity, re.split("[:：]", match[1])))


@rule(r"T(?=[0-2]\d:[0-5]\d)|(?<=[0-5]\d)Z(?![A-Za-z])")
def _iso_marks(match: re.Match[str]) -> str | None:
    return "" if before(match)[-1:].isdigit() else None


RULES: tuple[Rule, ...] = (
    _full_date,
    _month_of_year,
    _years,
    _season,
    _year,
    _named_year,
    _remembered,
    _generation,
    _without_zero,
    _time,
    _hour,
    _iso_marks,
)
RATIO: tuple[Rule, ...] = (_ratio,)
