"""Numbers of a text, whether in figures, Chinese numerals or English words, and times of the clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from voxq.rewriting.checks.found import Found
from voxq.rewriting.checks.numerals import (
    CHINESE,
    CHINESE_UNITS,
    ENGLISH,
    chinese_value,
    english_values,
    is_ordinal,
    plain,
)

_FIGURES = r"\d++(?:,\d{3}(?!\d))*+(?:\.\d++)?"
_RUN = rf"(?>(?:{_FIGURES}|[{CHINESE}])+)"
"""Figures and numerals without a gap; atomic, since a long run would be tried in all its pieces else."""
_DIGITS = "零〇一二三四五六七八九"
_AND = "|".join(rf"(?<={scale})[ ]and[ ]" for scale in ("hundred", "thousand", "million"))
_SPOKEN = rf"(?:{ENGLISH})(?:(?:[ -]|{_AND})(?:{ENGLISH}))*"
_WORD = r"(?<![a-z'’])"
_EARLY = r"凌晨|清晨|早晨|早上|早|上午"
_LATE = r"下午|傍晚|晚上|夜里|晚|中午"
_HALF = r"(?P<half>\s?[ap]\.?m\b\.?|\s?o['’]clock)?"
_NUMBERS = re.compile(
    rf"""
    (?P<iso>(?<![\d.])(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?![\d.]))
  | (?P<phone>(?<![\d.])\+?\d[\d]{{1,15}}(?:[- ]\d{{2,15}}){{1,15}}(?![\d.]))
  | (?P<clock>(?<![\d.:])(?P<h>\d{{1,2}}):(?P<m>[0-5]\d)(?::[0-5]\d)?(?![\d:]){_HALF})
  | 百分之(?P<percent>{_RUN}(?:点[{_DIGITS}]+)?)
  | (?P<below>{_RUN})分之(?P<above>{_RUN})
  | (?P<oclock>{_RUN})点(?P<minutes>半|[一1三3]刻|(?:{_RUN})(?:分(?!之))?)
  | (?P<hour>{_RUN})点(?P<sharp>钟|整)?
  | (?P<fraction>(?<![\d/])\d{{1,4}}/\d{{1,4}}(?![\d/]))
  | (?P<run>{_RUN})(?P<after>个半|\s?%|\s(?:percent|per\ cent)\b|(?:st|nd|rd|th)\b|[kK]\b
      |\s(?:hundred|thousand|million|billion|trillion)\b)?{_HALF.replace("half", "half_run")}
  | {_WORD}(?P<past>half|quarter)[ ](?P<side>past|to)[ ](?P<past_hour>{ENGLISH}|\d{{1,2}})\b
  | {_WORD}(?P<spoken>{_SPOKEN})(?P<point>[ ]point(?:[ -](?:{ENGLISH}))+)?\b
      (?P<part>[ ]and[ ]a[ ]half\b|[ ]percent\b|[ ]per[ ]cent\b)?{_HALF.replace("half", "half_spoken")}
    """,
    re.X | re.I,
)
_SCALE = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "k": 1000}
_BEFORE_MONTH = re.compile(r"月份?")
_IN_MONTH = re.compile(
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
    r"[ ,]{0,2}(?:the )?\Z",
    re.I,
)
_COUNTED = re.compile(r"\s?(?:[日号块元年]|小时|分钟|公里|公斤|percent|per cent|dollars?\b|万|亿)")
"""What makes of 1 a number, and not an article or a part of a word."""
_NOT_A_SCORE = re.compile(r"分(?!钟|之|米)")
_RANGE = frozenset(("到", "至", "-", "~", "–", "—", "to", "till", "until"))
_LIST = re.compile(r"(?:\A|\n)[ \t]*\Z")


def numbers(text: str) -> list[Found]:
    """Return the numbers of a text in NFKC, in order, but months, which are dates.

    A time is its hour and minutes, "15:30", of 24 where the text says which half of the day; percentages keep
    their sign. A single 1, which may be an article, and the number of a list's item may be missing.
    """
    found: list[Found] = []
    half, half_end = "", -1
    for match in _NUMBERS.finditer(text):
        said = _half_of_day(text, match)
        between = text[half_end : match.start()].strip() if half_end >= 0 else None
        if not said and between in _RANGE:
            said = half
        written = match[0].strip()
        for values, is_free in _meanings(text, match, said):
            found.append(Found(values, match.start(), match.end(), written, is_free))
        is_time = match["clock"] or match["oclock"] or match["hour"] or said
        half, half_end = (said, match.end()) if is_time else ("", -1)
    return found


def _half_of_day(text: str, match: re.Match[str]) -> str:
    """Return "am", "pm", "noon" or "" for the half of the day that stands beside a time."""
    written = match["half"] or match["half_run"] or match["half_spoken"] or ""
    if written.strip()[:1].casefold() in ("a", "p") and written:
        return "am" if written.strip()[0] in "aA" else "pm"
    if not (match["clock"] or match["oclock"] or match["hour"]):
        return ""
    before = text[max(0, match.start() - 3) : match.start()].rstrip("的 ")
    if before.endswith("中午"):
        return "noon"
    if before.endswith(tuple(_LATE.split("|"))):
        return "pm"
    return "am" if before.endswith(tuple(_EARLY.split("|"))) else ""


def _meanings(text: str, match: re.Match[str], half: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the values of one match, and whether each may be missing."""
    if match["iso"]:
        yield (str(int(match["year"])),), False
        yield (str(int(match["day"])),), False
    elif match["phone"]:
        yield from _figures_in_groups(match["phone"])
    elif match["clock"]:
        yield (_time(int(match["h"]), int(match["m"]), half),), False
    elif match["percent"]:
        yield from _valued(_decimal(match["percent"]), "%")
    elif match["below"]:
        above, below = chinese_value(match["above"]), chinese_value(match["below"])
        yield (f"{above}/{below}",), False
    elif match["oclock"]:
        yield from _spoken_time(match["oclock"], match["minutes"], half)
    elif match["hour"]:
        yield from _hour(match, half)
    elif match["fraction"]:
        yield (match["fraction"],), False
    elif match["past"]:
        yield from _past(match, half)
    elif match["run"]:
        yield from _run(text, match, half)
    else:
        yield from _spoken(text, match, half)


def _is_below(value: str, limit: int) -> bool:
    return value.isdecimal() and len(value) < 4 and int(value) < limit


def _valued(value: str | None, sign: str = "") -> Iterator[tuple[tuple[str, ...], bool]]:
    if value is not None:
        yield (value + sign,), False


def _decimal(written: str) -> str | None:
    whole, point, part = written.partition("点")
    value = chinese_value(whole)
    return f"{value}.{chinese_value(part)}" if point and value is not None else value


def _figures_in_groups(written: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield one number for the groups of a telephone number, else one for each group."""
    groups = re.findall(r"\d+", written)
    if sum(map(len, groups)) >= 7:
        yield ("".join(groups),), False
    else:
        yield from (((group,), False) for group in groups)


def _time(hour: int, minutes: int, half: str) -> str:
    if half in ("pm", "noon") and (hour < 12 if half == "pm" else hour < 4):
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    return f"{hour}:{minutes:02}" if minutes else str(hour)


def _spoken_time(hour: str, minutes: str, half: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    value = chinese_value(hour)
    if value and minutes[-1] in "万萬亿億" and set(minutes[:-1]) <= set(_DIGITS):
        yield (plain(Decimal(f"{value}.{chinese_value(minutes[:-1])}") * CHINESE_UNITS[minutes[-1]]),), False
        return
    written = minutes.rstrip("分")
    if written == "半":
        part: str | None = "30"
    elif written.endswith("刻"):
        part = "15" if written[0] in "一1" else "45"
    else:
        part = chinese_value(written)
    if value is None or part is None:
        yield from _valued(value)
        return
    is_decimal = set(written) <= set(_DIGITS) and minutes == written
    is_clock = _is_below(value, 25) and _is_below(part, 60)
    meanings = []
    if is_decimal:
        meanings.append(f"{value}.{part}".rstrip("0").rstrip("."))
    if is_clock and (half or not is_decimal or written[0] in "零〇"):
        meanings.insert(0 if half else len(meanings), _time(int(value), int(part), half))
    yield tuple(meanings) or (f"{value}.{part}",), False


def _hour(match: re.Match[str], half: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    value = chinese_value(match["hour"])
    if value is None:
        return
    is_bit = value == "1" and not half and not match["sharp"]  # 一点 is a little
    is_hour = _is_below(value, 25)
    yield (_time(int(value), 0, half) if is_hour else value,), is_bit


def _past(match: re.Match[str], half: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    said = match["past_hour"]
    hour = int(said) if said.isdigit() else int(english_values(said)[0][0])
    minutes = 30 if match["past"].casefold() == "half" else 15
    if match["side"].casefold() == "to":
        hour, minutes = (hour - 1 or 12, 60 - minutes)
    yield (_time(hour, minutes, half),), False


def _run(text: str, match: re.Match[str], half: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    run, after = match["run"], (match["after"] or "").strip().casefold()
    if _BEFORE_MONTH.match(text, match.end("run")) and text[match.end("run") - 1 : match.end("run")] != "个":
        return
    if run == "十" and _NOT_A_SCORE.match(text, match.end("run")):
        return  # 十分
    value = chinese_value(run)
    if value is None:
        pieces = re.findall(_FIGURES, run)
        yield from (((piece.replace(",", ""),), False) for piece in pieces)
        return
    if after == "个半":
        value += ".5"
    elif after in ("%", "percent", "per cent"):
        value += "%"
    elif after in _SCALE:
        value = plain(Decimal(value) * _SCALE[after])
    elif half and _is_below(value, 25):
        value = _time(int(value), 0, half)
    is_article = value == "1" and not half and not _COUNTED.match(text, match.end("run"))
    is_article = is_article or (value == "2" and after == "nd")
    if after in ("st", "nd") and _IN_MONTH.search(text[max(0, match.start() - 16) : match.start()]):
        is_article = False
    is_item = run.isdigit() and text[match.end("run") : match.end("run") + 1] in (".", ")", "、")
    is_item = is_item and _LIST.search(text[max(0, match.start() - 8) : match.start()]) is not None
    yield (value,), is_article or is_item


def _spoken(text: str, match: re.Match[str], half: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    said = match["spoken"]
    values = english_values(said)
    if match["point"]:
        digits = "".join(value for each in english_values(match["point"][6:]) for value in each[:1])
        values[-1] = (f"{values[-1][0]}.{digits}",)
    part = (match["part"] or "").strip().casefold()
    if part == "and a half":
        values[-1] = (f"{values[-1][0]}.5",)
    elif part:
        values[-1] = (f"{values[-1][0]}%",)
    elif half and _is_below(values[-1][0].partition(":")[0], 25):
        hour, _, minutes = values[-1][0].partition(":")
        values[-1] = (_time(int(hour), int(minutes or 0), half),)
    is_vague = (
        len(said.split()) == 1 and values[0] in (("1",), ("2",)) and (values[0] == ("1",) or is_ordinal(said))
    )
    is_counted = half or part or _COUNTED.match(text, match.end())
    in_month = is_ordinal(said.split()[-1]) and _IN_MONTH.search(
        text[max(0, match.start() - 16) : match.start()]
    )
    yield from ((each, bool(is_vague and not is_counted and not in_month)) for each in values)
