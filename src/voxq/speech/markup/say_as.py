"""`<say-as>` of SSML: words for a text whose reading its author names.

The words are in English or Chinese. In other languages a number gets the form that their voices read so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from voxq.locale import Message
from voxq.speech.markup.document import MarkupError
from voxq.speech.normalise import normalise
from voxq.speech.normalise.chinese import numbers as chinese
from voxq.speech.normalise.english import calendar as english_calendar
from voxq.speech.normalise.english import numbers as english

_NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+")
_LONGEST = 18
_LONGEST_DATE_PART = 4
_DATE_PARTS = {"y": "year", "m": "month", "d": "day"}
_MARKS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            ".": "dot",
            "-": "dash",
            "@": "at",
            "/": "slash",
            "_": "underscore",
            ",": "comma",
            "#": "hash",
        },
        "zh": {".": "点", "-": "杠", "@": "at", "/": "斜杠", "_": "下划线", "#": "井号"},
    }
)


def said(text: str, interpret_as: str, how: str, language: str) -> str:
    """Return the words for a text. `how` is the attribute `format`. Raises MarkupError."""
    reader = _READERS.get(interpret_as)
    if reader is None:
        raise MarkupError(
            Message("say-as interpret-as={interpret_as!r} is not supported", interpret_as=interpret_as[:40])
        )
    return reader(text.strip(), how, language) if text.strip() else text


def _characters(text: str, how: str, language: str) -> str:
    names = _MARKS.get(language, {})
    written = "".join(text.split())
    each = (_digits(c, how, language) if c in "0123456789" else names.get(c) or c for c in written)
    # A small letter alone may be read as a word: "a" is an article.
    return ("，" if language == "zh" else " ").join(
        c.upper() if len(c) == 1 and c.isascii() else c for c in each
    )


def _digits(text: str, how: str, language: str) -> str:
    figures = re.sub(r"\D", "", text, flags=re.ASCII)
    if language == "zh":
        return chinese.spelt(figures)
    return english.digits(figures) if language == "en" else " ".join(figures)


def _telephone(text: str, how: str, language: str) -> str:
    groups = re.findall(r"[0-9]+", text)
    plus = {"zh": "加", "en": "plus "}.get(language, "+") if text.startswith("+") else ""
    if language == "zh":
        return plus + "，".join(chinese.spelt(group, one="幺") for group in groups)
    return plus + ", ".join(_digits(group, how, language) for group in groups)


def _cardinal(text: str, how: str, language: str) -> str:
    if not _NUMBER.fullmatch(text):
        return normalise(text, language)
    sign, figures = ("-" if text[0] == "-" else ""), text.lstrip("+-").replace(",", "")
    if language == "zh":
        return ("负" if sign else "") + chinese.quantity(figures)
    if language == "en":
        whole, _, fraction = figures.partition(".")
        plain = (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
        return ("minus " if sign else "") + english.number(plain)
    return sign + figures


def _ordinal(text: str, how: str, language: str) -> str:
    figures = re.sub(r"\D", "", text, flags=re.ASCII)
    if not figures or len(figures) > _LONGEST or language not in ("en", "zh"):
        return normalise(text, language)
    return f"第{chinese.quantity(figures)}" if language == "zh" else english.ordinal(int(figures))


def _date(text: str, how: str, language: str) -> str:
    fields = re.findall(r"[0-9]+", text)
    default = ("ymd" if len(fields[0]) == 4 else "mdy") if len(fields) == 3 else ""
    order = re.sub(r"(.)\1+", r"\1", re.sub("[^ymd]", "", how.lower()) or default)
    if len(order) != len(fields) or len(set(order)) != len(order):
        return normalise(text, language)
    given = {_DATE_PARTS[letter]: field for letter, field in zip(order, fields, strict=True)}
    year, month, day = given.get("year", ""), given.get("month", ""), given.get("day", "")
    is_too_long = any(len(field) > _LONGEST_DATE_PART for field in fields)  # `int` takes 4300 digits at most
    if is_too_long or (month and not 1 <= int(month) <= 12) or (day and not 1 <= int(day) <= 31):
        raise MarkupError(
            Message(
                "say-as date: {text!r} is no date in the format {how!r}",
                text=text[:40],
                how=how[:10] or "mdy",
            )
        )
    if language == "zh":
        return "".join(
            f"{words}{unit}"
            for words, unit in (
                (chinese.spelt(year), "年"),
                (chinese.quantity(month) if month else "", "月"),
                (chinese.quantity(day) if day else "", "日"),
            )
            if words
        )
    if language == "en":
        return english_calendar.date_words(year, month, day)
    return "/".join(filter(None, (day, month, year)))


def _expletive(text: str, how: str, language: str) -> str:
    return {"zh": "哔"}.get(language, "beep")


def _as_written(text: str, how: str, language: str) -> str:
    return normalise(text, language)


_READERS: Mapping[str, Callable[[str, str, str], str]] = MappingProxyType(
    {
        "characters": _characters,
        "spell-out": _characters,
        "verbatim": _characters,
        "digits": _digits,
        "cardinal": _cardinal,
        "number": _cardinal,
        "ordinal": _ordinal,
        "telephone": _telephone,
        "date": _date,
        "time": _as_written,
        "currency": _as_written,
        "fraction": _as_written,
        "unit": _as_written,
        "address": _as_written,
        "expletive": _expletive,
        "bleep": _expletive,
    }
)
KINDS = tuple(_READERS)
"""Values of `interpret-as`."""
