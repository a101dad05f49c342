"""Rewriting of figures that hibari's English phonemiser garbles; everything else is left to it.

It reads numbers, money, dates, times, percentages, units, ordinals, years, Roman numerals and abbreviations
itself. So does wetext, but it says "thousand people" for 1,000 people, "ten hundred" for 1000, "one thousand
nine hundred and eighty seconds" for the 1980s and "four K Television", and fails on #1, ±5 and +44. So it is
given only the kinds of figures that the phonemiser reads incompletely (16:9 as "sixteen nine", 3x as "three
ex"), each without the text around it, and reads all of them right. Telephone numbers and addresses are spelt
out by rules: wetext knows those of one country and gives up in the middle of a URL, and hibari is often
installed without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from voxq.speech.normalise import grammar

_CLOCK = r"\d{1,2}(?::[0-5]\d)?"
_HALF = r"[ap]\.?m\b\.?"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_SIGN = "[$£€¥₹]"
_AMOUNT = r"\d[\d,]*(?:\.\d+)?"
_TOP_LEVEL = r"(?:com|org|net|edu|gov|info|io|dev|cn|uk|jp|fr|de|eu)"

_SYMBOLS: Mapping[str, str] = MappingProxyType(
    {
        "@": "at",
        ".": "dot",
        "/": "slash",
        ":": "colon",
        "?": "question mark",
        "=": "equals",
        "&": "and",
        "#": "hash",
        "_": "underscore",
        "-": "dash",
        "%": "percent",
        "+": "plus",
        "~": "tilde",
    }
)
_UNITS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "m": ("meter", "meters"),
        "m/s": ("meter per second", "meters per second"),
        "l": ("liter", "liters"),
    }
)
"""Units that both the phonemiser and wetext misread, as letters or worse: 100 m as a hundred minutes."""


def written_out(text: str) -> str:
    """Write out every match from left to right in one pass, so that no rule sees another's output."""
    return _ANY.sub(_put, text) if _MAY_NEED_IT.search(text) else text


def _put(match: re.Match[str]) -> str:
    kind = match.lastgroup or ""
    return _KINDS[kind][1](match[0])


def _address(text: str) -> str:
    spoken = "".join(f" {_SYMBOLS[c]} " if c in _SYMBOLS else c if c.isalnum() else " " for c in text)
    return " ".join("w w w" if word.lower() == "www" else word for word in spoken.split())


def _digit_by_digit(text: str) -> str:
    groups = [" ".join(group) for group in re.findall(r"\d+", text)]
    return ("plus " if text.startswith("+") else "") + ", ".join(groups)


def _dotted(text: str) -> str:
    return text.replace(".", " dot " if text.count(".") == 3 else " point ").replace(":", " colon ")


def _joined(text: str) -> str:
    return text.replace(" ", "")


def _by_grammar(text: str) -> str:
    return grammar.said(text.replace("–", "-"), "en")


def _range(text: str) -> str:
    return re.sub(r"\s*[-–—]\s*", " to ", text)


def _negative(text: str) -> str:
    return f"minus {text[1:]}"


def _sign_first(text: str) -> str:
    amount = re.sub(r",(?=\d\d$)", ".", text[:-1].rstrip())  # 5,50 € has a decimal comma
    return f"{text[-1]}{amount}"


def _unit(text: str) -> str:
    number, unit = re.split(r"\s+", text)
    return f"{number} {_UNITS[unit][number != '1']}"


def _apart(text: str) -> str:
    return ", ".join(text.split(","))


_KINDS: Mapping[str, tuple[str, Callable[[str], str]]] = MappingProxyType(
    {
        "address": (
            r"(?i:(?:[a-z][a-z0-9+.-]{1,15}://|www\.)[!-~]*[\w/]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
            rf"|(?:[\w-]+\.)+{_TOP_LEVEL}\b(?:/[!-~]*[\w/])?|localhost:\d+)",
            _address,
        ),
        "date": (r"[0-3]?\d\.[01]?\d\.[12]\d{3}\b(?!\.\d)", _by_grammar),
        "hours": (
            rf"{_CLOCK} ?{_HALF} ?[-–] ?{_CLOCK} ?{_HALF}|\d{{1,2}}:[0-5]\d ?[-–] ?\d{{1,2}}:[0-5]\d\b",
            _by_grammar,
        ),
        "span": (r"\d{1,3}:[0-5]\d:[0-5]\d\b(?!\.\d)|\d+h \d+m\b", _by_grammar),
        "ratio": (r"\d{1,3}:\d(?![\d:])", _by_grammar),
        "weekdays": (rf"{_WEEKDAY}[-–]{_WEEKDAY}\b", _by_grammar),
        "telephone": (
            r"\+(?=(?:\D{0,2}\d){9})\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,6}\b"
            r"|(?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b|\d{3}-\d{4}\b|0\d{2,4} \d{3,4} \d{3,4}\b"
            r"|\d{4}(?: \d{4}){2,4}\b|1[3-9]\d{9}\b",
            _digit_by_digit,
        ),
        "dotted": (r"v?\d+(?:\.\d+){2,}(?::\d+)?", _dotted),
        "thousands": (r"\d{1,3}(?: \d{3})* 000\b", _joined),
        "zeros": (r"0\d{2,}\b(?![.,:/-]\d)", _digit_by_digit),
        "prices": (rf"{_SIGN}{_AMOUNT} ?[-–—] ?{_SIGN}{_AMOUNT}", _range),
        "large": (rf"{_SIGN}\d+(?:\.\d+)? ?bn\b", _by_grammar),
        "negative": (rf"[-−](?={_SIGN}\d)", _negative),
        "sign_last": (rf"{_AMOUNT} ?{_SIGN}(?!\d)", _sign_first),
        "mixed": (r"\d+ \d/\d{1,2}\b", _by_grammar),
        "times": (r"\d+x(?=[ .,;!?]|$)", _by_grammar),
        "power": (r"\d+ ?[cmk]?m[²³]", _by_grammar),
        "unit": (rf"(?<!{_SIGN})\d[\d.]* (?:m/s|m|l)(?=[ ,;.!?]|$)", _unit),
        "list": (r"\d+(?:,\d{1,2})+\b(?!,\d)", _apart),
    }
)
"""Name -> (pattern, function that rewrites a match). If several match at one place, the first wins."""

_ANY = re.compile(
    "|".join(rf"(?P<{name}>(?<![\w.,:/-])(?:{pattern}))" for name, (pattern, _) in _KINDS.items())
)
_MAY_NEED_IT = re.compile(rf"\d|://|www\.|@|\.{_TOP_LEVEL}\b|[-–]{_WEEKDAY}\b")
