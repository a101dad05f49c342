"""English number words: cardinals, ordinals, years, decimals, digits one by one."""

from __future__ import annotations

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ("", " thousand", " million", " billion", " trillion", " quadrillion")
_IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_LONGEST = 18
"""Digits; a longer number is read digit by digit."""


def cardinal(number: int) -> str:
    """Name a number below 10**18: "one thousand two hundred thirty-four"."""
    if number < 1000:
        return _below_thousand(number)
    groups: list[str] = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            groups.append(_below_thousand(group) + scale)
    return " ".join(reversed(groups))


def ordinal(number: int) -> str:
    """Name the place in a row: "twenty-first"."""
    words = cardinal(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    if last in _IRREGULAR:
        return words[:cut] + _IRREGULAR[last]
    return words[:-1] + "ieth" if last.endswith("y") else f"{words}th"


def year(number: int) -> str:
    """Name a year from 1000 to 9999: "nineteen ninety-nine", "two thousand five", "nineteen oh five"."""
    high, low = divmod(number, 100)
    if high % 10 == 0 and low < 10:
        return cardinal(number)
    if low == 0:
        return f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def digits(figures: str) -> str:
    """Name the digits one by one; other characters are left out."""
    return " ".join(_ONES[int(figure)] for figure in figures if figure in "0123456789")


def number(figures: str) -> str:
    """Read a number such as "1,234.50": whole part as a cardinal, decimals one by one."""
    whole, _, fraction = figures.replace(",", "").partition(".")
    is_spelt = len(whole) > _LONGEST or (len(whole) > 1 and whole[0] == "0")
    said = (digits(whole) if is_spelt else cardinal(int(whole))) if whole else "zero"
    return f"{said} point {digits(fraction)}" if fraction else said


def pairs(figures: str) -> str:
    """Read the number of a room or a flight: 101 is "one oh one", 1205 "twelve oh five"."""
    if len(figures) not in (3, 4) or figures[0] == "0":
        return number(figures)
    high, low = int(figures[:-2]), int(figures[-2:])
    if low == 0:
        return cardinal(int(figures)) if len(figures) == 3 or high % 10 == 0 else f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def plural(words: str) -> str:
    """Form the plural of a number's name: "nineteen nineties", "sixes"."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return words + ("es" if words.endswith("x") else "s")


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    words = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        words.append(_TENS[rest // 10] + (f"-{_ONES[rest % 10]}" if rest % 10 else ""))
    elif rest or not words:
        words.append(_ONES[rest])
    return " ".join(words)
