"""Chinese numerals: numbers as quantities, digit by digit, and the choice between 二 and 两."""

from __future__ import annotations

from collections.abc import Iterator

_DIGITS = "零一二三四五六七八九"
_PLACES = ("千", "百", "十", "")
_LONGEST = 16
"""Digits; a longer number is no quantity that anybody says."""


def spelt(figures: str, *, one: str = "一") -> str:
    """Read digits one by one, points as 点; `one` is 幺 in telephone numbers. Other characters are left
    out."""
    names = {**{str(value): name for value, name in enumerate(_DIGITS)}, "1": one, ".": "点"}
    return "".join(names.get(figure, "") for figure in figures)


def quantity(number: str) -> str:
    """Read a number such as "1,234.50" as a quantity; leading zeros do not count, all decimals do."""
    whole, _, fraction = number.replace(",", "").partition(".")
    whole = whole.lstrip("0") or "0"
    said = spelt(whole) if len(whole) > _LONGEST else _whole(int(whole))
    return f"{said}点{spelt(fraction)}" if fraction else said


def counted(number: str) -> str:
    """Read a number before a measure word: 2 is 两."""
    return "两" if number == "2" else quantity(number)


def amount(number: str) -> str:
    """Read a sum of money: without the zeros at the end of its decimals, 2 as 两."""
    return counted(without_zeros(number))


def without_zeros(number: str) -> str:
    """Remove thousands separators, and zeros at the end of decimals."""
    plain = number.replace(",", "")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _whole(number: int) -> str:
    if number >= 10**8:
        head, rest = divmod(number, 10**8)
        said = _whole(head)
        return ("两" if said == "二" else said) + "亿" + _rest(rest, 10**7)
    if number >= 10**4:
        head, rest = divmod(number, 10**4)
        said = "".join(_section(head, leads=True))
        return ("两" if said == "二" else said) + "万" + _rest(rest, 10**3)
    return "".join(_section(number, leads=True)) or "零"


def _rest(number: int, largest_place: int) -> str:
    """Read what follows 万 or 亿, with 零 for the places that are empty."""
    if not number:
        return ""
    if number >= 10**4:
        head, rest = divmod(number, 10**4)
        said = "".join(_section(head, leads=False)) + "万" + _rest(rest, 10**3)
    else:
        said = "".join(_section(number, leads=False))
    return said if number >= largest_place else f"零{said}"


def _section(number: int, *, leads: bool) -> Iterator[str]:
    """Yield the parts of a number below 10000. One that `leads` begins with 两千 and with 十."""
    digits, is_begun, is_gap = f"{number:04d}", False, False
    for digit, place in zip(digits, _PLACES, strict=True):
        if digit == "0":
            is_gap = is_begun
            continue
        if is_gap:
            yield "零"
        is_gap = False
        if leads and not is_begun and (digit, place) == ("2", "千"):
            yield "两千"
        elif leads and not is_begun and (digit, place) == ("1", "十"):
            yield "十"
        else:
            yield _DIGITS[int(digit)] + place
        is_begun = True
