"""Values of numbers as they are written and spoken: 320, 三百二, three hundred and twenty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

CHINESE_DIGITS: Mapping[str, int] = MappingProxyType(
    {character: value for value, text in enumerate(("零〇", *"一二三四五六七八九")) for character in text}
    | {"两": 2, "兩": 2, "幺": 1}
)
CHINESE_UNITS: Mapping[str, int] = MappingProxyType(
    {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
)
CHINESE = "".join((*CHINESE_DIGITS, *CHINESE_UNITS))
_PARTS = re.compile(rf"\d[\d,]*(?:\.\d+)?|[{CHINESE}]", re.ASCII)


def plain(value: Decimal) -> str:
    """Return a value without an exponent or needless zeros: "320", "3.5"."""
    if not value.is_finite() or value.adjusted() > 60:
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def chinese_value(written: str) -> str | None:
    """Return the value of figures and Chinese numerals in one run, such as 三百二, 3万5千 or 二零二四.

    Digits without units are read one by one, however long. None if it begins with a unit (千万, 万一) or
    its units make no number.
    """
    parts = _PARTS.findall(written)
    if len(parts) == 1 and parts[0] not in CHINESE_UNITS:
        return _digit(parts[0])
    if not any(part in CHINESE_UNITS for part in parts):
        return "".join(map(_digit, parts))
    if len(parts) > 30 or (parts[0] in CHINESE_UNITS and parts[0] != "十"):
        return None
    total = section = Decimal(0)
    digit: Decimal | None = None
    unit = 0
    has_zero = False
    for part in parts:
        if part not in CHINESE_UNITS:
            value = Decimal(_digit(part))
            if digit is not None and digit:
                return None  # 三三百
            digit, has_zero = value, has_zero or not value
            continue
        size = CHINESE_UNITS[part]
        if size >= 10**4:
            section += digit or 0
            total = (total + section) * size if size > 10**4 and total else total + section * size
            section = Decimal(0)
        else:
            section += (1 if digit is None else digit) * size
        digit, unit, has_zero = None, size, False
    if digit is not None:
        colloquial = unit >= 100 and not has_zero and parts[-1] in CHINESE_DIGITS
        section += digit * (unit // 10 if colloquial else 1)
    return plain(total + section)


def _digit(part: str) -> str:
    if part in CHINESE_DIGITS:
        return str(CHINESE_DIGITS[part])
    figures = part.replace(",", "")
    return plain(Decimal(figures)) if "." in figures else figures


_ONES_TEXT = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen
"""
_TENS_TEXT = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS_TEXT = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
"""
_ONES = {word: value for value, word in enumerate(_ONES_TEXT.split())}
_TENS = {word: 10 * value for value, word in enumerate(_TENS_TEXT.split(), 2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ORDINALS = {word: value for value, word in enumerate(_ORDINALS_TEXT.split(), 1)} | {
    f"{tens[:-1]}ieth": value for tens, value in _TENS.items()
}
ENGLISH = "|".join(sorted({*_ONES, *_TENS, *_SCALES, *_ORDINALS, "hundredth"}, key=len, reverse=True))
"""Words of numbers, for a regular expression."""


def english_values(spoken: str) -> list[tuple[str, ...]]:
    """Return the values of consecutive number words, in order, each with what it may mean besides.

    "twenty-one" is ("21",), "five five five" ("555",), "nineteen eighty-four" ("1984",), "three thirty" the
    time or the number ("3:30", "330").
    """
    words = [word for word in re.findall(r"[a-z]+", spoken.casefold()) if word != "a"]
    numbers = list(_english_numbers(words))
    values = [value for value, _ in numbers]
    if len(numbers) > 1:
        if all(value < 10 for value in values):
            return [("".join(map(str, values)),)]
        if len(numbers) == 2 and not any(is_ordinal for _, is_ordinal in numbers):
            before, after = values
            if 13 <= before <= 21 and 10 <= after < 100:
                return [(f"{before}{after}",)]
            if before <= 12 and 10 <= after < 60:
                return [(f"{before}:{after}", f"{before}{after}")]
    return [(str(value),) for value in values]


def is_ordinal(word: str) -> bool:
    return word.casefold() in _ORDINALS


def _english_numbers(words: Sequence[str]) -> Iterator[tuple[int, bool]]:
    """Yield the numbers that words make, and whether each is an ordinal."""
    total = group = 0
    last = ""
    """Kind of the word before: "" at the beginning of a number, else "one", "ten" or "scale"."""
    for word in words:
        ordinal = word in _ORDINALS or word == "hundredth"
        if word == "and":
            if last != "scale":
                if last:
                    yield total + group, False
                total, group, last = 0, 0, ""
            continue
        if word in _SCALES or word == "hundredth":
            size = _SCALES.get(word, 100)
            if size == 100:
                group = (group or 1) * 100
            else:
                total, group = total + (group or 1) * size, 0
            last = "scale"
        else:
            value = _ONES.get(word, _TENS.get(word, _ORDINALS.get(word, 0)))
            kind = "ten" if value >= 20 else "one"
            fits = not last or last == "scale" or (last == "ten" and value < 10 and value > 0)
            if not fits:
                yield total + group, False
                total = group = 0
            group += value
            last = "one" if kind == "one" or ordinal else "ten"
        if ordinal:
            yield total + group, True
            total, group, last = 0, 0, ""
    if last:
        yield total + group, False
