"""English readings of mathematical signs: ≤ is less than or equal to, √16 the square root of sixteen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from voxq.speech.normalise.english.numbers import number
from voxq.speech.normalise.rules import Rule, after, before, rule

_SINGLE: Mapping[str, str] = MappingProxyType(
    {
        "½": "one half",
        "⅓": "one third",
        "⅔": "two thirds",
        "¼": "one quarter",
        "¾": "three quarters",
        "⅛": "one eighth",
        "≤": " less than or equal to ",
        "≥": " greater than or equal to ",
        "≠": " not equal to ",
        "≈": " approximately ",
        "√": " the square root of ",
        "∛": " the cube root of ",
        "∞": " infinity ",
        "÷": " divided by ",
        "×": " times ",
        "±": " plus or minus ",
        "π": "pi",
        "∑": " the sum of ",
        "∫": " the integral of ",
        "→": " to ",
        "⇒": " implies ",
        "∈": " in ",
        "°": " degrees",
        "²": " squared",
        "³": " cubed",
        "№": "number ",
        "∆": "delta",
        "<=": " less than or equal to ",
        ">=": " greater than or equal to ",
        "!=": " not equal to ",
        "==": " equals ",
        "->": " to ",
        "=>": " implies ",
        "<": " less than ",
        ">": " greater than ",
        "=": " equals ",
        "§": "section ",
    }
)


@rule(r"(\d+)([½⅓⅔¼¾⅛])")
def _and_a_half(match: re.Match[str]) -> str:
    words = _SINGLE[match[2]]
    return f"{number(match[1])} and {words.replace('one ', 'a ', 1)}"


@rule(r"\s?([≤≥≠≈√∛∞÷×±π∑∫→⇒∈²³№§∆½⅓⅔¼¾⅛°])\s?")
def _symbol(match: re.Match[str]) -> str:
    return _spaced(match, _SINGLE[match[1]])


@rule(r"\s?(<=|>=|!=|==|->|=>|[<>=])\s?(?=[-+−]?[\w.$€£(√])")
def _compared(match: re.Match[str]) -> str | None:
    is_formula = (
        re.search(r"[\d)\]²³%]\s?$|(?:^|[\s(])[A-Za-z]\w?\s?$|\w $", before(match))
        or not before(match).strip()
    )
    return _spaced(match, _SINGLE[match[1]]) if is_formula else None


@rule(r"(?<=[\w)])\s?([*×+/]|\s[-−])\s?(?=[\d(.])")
def _operator(match: re.Match[str]) -> str | None:
    mark = match[1].strip()
    if not re.search(r"[\d)²³]\s?$|(?:^|[\s(=\d])[a-z]\s?$", before(match)):
        return None
    name = {
        "*": "times",
        "×": "times",
        "+": "plus",
        "/": "divided by" if ")" in before(match)[-2:] else "slash",
    }
    return _spaced(match, f" {name.get(mark, 'minus')} ")


@rule(r"\s&\s")
def _ampersand(match: re.Match[str]) -> str:
    return " and "


@rule(r"\^(-?\d+)(?!\w)")
def _power(match: re.Match[str]) -> str:
    exponent = match[1]
    if exponent in ("2", "3"):
        return " squared" if exponent == "2" else " cubed"
    minus = "minus " if exponent[0] == "-" else ""
    return f" to the power of {minus}{number(exponent.lstrip('-'))}"


def _spaced(match: re.Match[str], words: str) -> str:
    """Keep one space at most between the words and what surrounds them."""
    said = words.strip()
    left = " " if before(match)[-1:].strip() and words[0] == " " else ""
    following = after(match)[:1]
    right = " " if words[-1] == " " or match[0][-1] == " " else ""
    lead = " " if match[0][0] == " " and not left and match.start() else left
    return lead + said + (right if following.strip() else "")


HALVES: tuple[Rule, ...] = (_and_a_half,)
POWERS: tuple[Rule, ...] = (_power,)
SIGNS: tuple[Rule, ...] = (_symbol, _operator, _compared, _ampersand)
