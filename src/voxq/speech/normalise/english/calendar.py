"""English dates and times: 3:30 PM is three thirty PM, 2024-05-01 May first, twenty twenty-four."""

from __future__ import annotations

import re

from voxq.speech.normalise.english.numbers import cardinal, ordinal, plural, year
from voxq.speech.normalise.rules import Rule, after, before, rule

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
_YEAR = r"(?:1[0-9]|20|21)\d\d"
_HALF = r"(?: ?[aApP]\.?[mM]\b\.?)"
_TIME = rf"(?:\d{{1,2}}:[0-5]\d(?::[0-5]\d)?{_HALF}?|\d{{1,2}}{_HALF})"
_PLURAL = re.compile(
    r"\s(?:people|men|women|children|percent|feet|[a-z]{2,}(?<!wa)(?<!hi)(?<!thi)(?<!it)(?<!ha)(?<!doe)(?<!plu)(?<!minu)(?<!u)s)\b"
)
_IN_TIME = re.compile(
    r"(?i)(?:©|\b(?:in|since|until|till|by|from|of|years?|early|late|before|after|around|to|and|summer|fall"
    r"|winter|spring|copyright))\s$"
)


def _month(name: str) -> str:
    return next(month for month in _MONTHS if month.startswith(name[:3]))


def _date(year_figures: str, month: int, day: int) -> str | None:
    is_date = 1 <= month <= 12 and 1 <= day <= 31
    return date_words(year_figures, str(month), str(day)) if is_date else None


def date_words(year_figures: str, month: str, day: str) -> str:
    """Read a date of which parts may be missing (""); month and day are in range."""
    named = _MONTHS[int(month) - 1] if month else ""
    said = " ".join(filter(None, (named, ordinal(int(day)) if day else "")))
    return ", ".join(filter(None, (said, _year(year_figures) if year_figures else "")))


def _year(figures: str) -> str:
    if len(figures) < 3:
        figures = figures.zfill(2)
        figures = ("19" if int(figures) > 40 else "20") + figures
    return year(int(figures))


@rule(rf"({_YEAR})([-/.])(\d{{1,2}})\2(\d{{1,2}})(?!\w|[-/]\d|\.\d)(?:T(?=\d))?")
def _iso(match: re.Match[str]) -> str | None:
    return _date(match[1], int(match[3]), int(match[4]))


@rule(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)(?![\w/])")
def _american(match: re.Match[str]) -> str | None:
    first, second = int(match[1]), int(match[2])
    month, day = (first, second) if first <= 12 else (second, first)
    return _date(match[3], month, day)


@rule(r"([0-3]?\d)\.([01]?\d)\.([12]\d{3})(?!\w|\.\d)")
def _german(match: re.Match[str]) -> str | None:
    day, month = int(match[1]), int(match[2])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"the {ordinal(day)} of {_MONTHS[month - 1]}, {_year(match[3])}"


@rule(
    rf"({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?: ?[-–] ?(\d{{1,2}})(?:st|nd|rd|th)?)?(,? {_YEAR})?"
    r"(?![\w:%]|[-/,.]\d)"
)
def _month_day(match: re.Match[str]) -> str | None:
    day = int(match[2])
    if not 1 <= day <= 31 or re.search(r"\w$", before(match)):
        return None
    said = f"{_month(match[1])} {ordinal(day)}" + (f" to {ordinal(int(match[3]))}" if match[3] else "")
    return said + (f", {_year(match[4][-4:])}" if match[4] else "")


@rule(rf"(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b\.?(,? {_YEAR})?(?![\w:]|[-/]\d)")
def _day_month(match: re.Match[str]) -> str | None:
    day = int(match[1])
    if not 1 <= day <= 31:
        return None
    the = "" if re.search(r"(?i)\bthe\s$", before(match)) else "the "
    return f"{the}{ordinal(day)} of {_month(match[2])}" + (f", {_year(match[3][-4:])}" if match[3] else "")


@rule(rf"({_MONTH})\.? ({_YEAR})(?!\w|[-,]\d)")
def _month_year(match: re.Match[str]) -> str | None:
    return None if re.search(r"\w$", before(match)) else f"{_month(match[1])} {_year(match[2])}"


@rule(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[-–](Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b")
def _weekdays(match: re.Match[str]) -> str:
    return f"{_DAYS[match[1]]} to {_DAYS[match[2]]}"


def _clock(text: str) -> str:
    half = re.search(_HALF, text)
    numbers = list(map(int, re.findall(r"\d+", text)))
    hour, minute = numbers[0], numbers[1] if len(numbers) > 1 else 0
    said = cardinal(hour)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif not half and len(numbers) < 3:
        said += " o'clock" if 0 < hour <= 12 else " hundred" if hour else " o'clock"
    if len(numbers) > 2:
        said += f" and {cardinal(numbers[2])} second" + ("" if numbers[2] == 1 else "s")
    return f"{said} {half[0].strip()[0].upper()}M" if half else said


@rule(rf"({_TIME})(?: ?[-–] ?({_TIME}))?(?:(?<=\d) ?h(?:rs?)?\b)?(?![\w:])")
def _time(match: re.Match[str]) -> str | None:
    is_ratio = re.search(r"(?i)\b(?:ratio|scale|odds|score)\b.{0,8}$", before(match))
    if is_ratio or int(re.findall(r"\d+", match[1])[0]) > 24:
        return None
    said = _clock(match[1]) + (f" to {_clock(match[2])}" if match[2] else "")
    is_end = match[0].endswith(".") and (
        not after(match).strip(" \"'”’)") or re.match(r"\s+(?![A-Z]{2,5}\b)[A-Z]", after(match))
    )
    return said + ("." if is_end else "")


@rule(r"(\d+)h ?(\d+)m(?:in)?\b")
def _span(match: re.Match[str]) -> str:
    return " ".join(
        f"{cardinal(int(figures))} {unit}{'' if figures == '1' else 's'}"
        for figures, unit in ((match[1], "hour"), (match[2], "minute"))
    )


@rule(rf"({_YEAR}|\d0)['’]?s\b")
def _decade(match: re.Match[str]) -> str | None:
    figures = match[1]
    return plural(year(int(figures)) if len(figures) == 4 else cardinal(int(figures)))


@rule(r"['’‘](\d\d)(s?)(?!\w)")
def _short_year(match: re.Match[str]) -> str | None:
    if re.search(r"\w$", before(match)):
        return None
    said = cardinal(int(match[1])) if match[1][0] != "0" else f"oh {cardinal(int(match[1]))}"
    return plural(said) if match[2] else said


@rule(rf"({_YEAR}) ?[-–] ?({_YEAR}|\d\d)(?!\w|[-,.:/]\d)")
def _years(match: re.Match[str]) -> str | None:
    end = match[2] if len(match[2]) == 4 else match[1][:2] + match[2]
    if end <= match[1]:
        return None
    last = year(int(end)) if len(match[2]) == 4 else cardinal(int(match[2]))
    return f"{year(int(match[1]))} to {last}"


@rule(rf"({_YEAR})(?!\w|[,.:/-]\d|%)")
def _plain_year(match: re.Match[str]) -> str | None:
    if not _IN_TIME.search(before(match)) and (
        _PLURAL.match(after(match)) or re.search(r"[-−+*/=]\s?$", before(match))
    ):
        return None
    return year(int(match[1]))


DATES: tuple[Rule, ...] = (_iso, _american, _german)
"""Rules of whole dates in figures, which look like telephone numbers and versions."""
RULES: tuple[Rule, ...] = (
    _month_day,
    _day_month,
    _month_year,
    _weekdays,
    _time,
    _span,
    _decade,
    _short_year,
    _years,
    _plain_year,
)
