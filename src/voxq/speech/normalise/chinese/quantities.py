"""Chinese readings of quantities: amounts of money, measures, percentages, fractions, ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from voxq.speech.normalise.chinese.numbers import amount, counted, quantity, spelt, without_zeros
from voxq.speech.normalise.chinese.surroundings import DASH, NUMBER, SCALE, is_countable, is_counted
from voxq.speech.normalise.chinese.tables import (
    CODES,
    CURRENCY_WORDS,
    MEASURES,
    PER,
    SIGNS,
    UNITS,
)
from voxq.speech.normalise.rules import Rule, after, any_of, before, rule

_SIGN, _CODE, _UNIT = any_of(SIGNS), any_of(CODES), any_of(UNITS)
_ENGLISH_SCALE = r"(?:\s?(?:thousand|million|billion|trillion|bn|mn|[KkMB])(?![A-Za-z\d]))"
_POWERS: Mapping[str, int] = MappingProxyType(
    {"thousand": 3, "k": 3, "million": 6, "m": 6, "mn": 6, "billion": 9, "b": 9, "bn": 9, "trillion": 12}
)
_SIGNS: Mapping[str, str] = MappingProxyType({"-": "负", "−": "负", "+": "正", "±": "正负"})
_BELOW_ZERO = ("摄氏度", "华氏度", "度")
_AFTER_MINUS = re.compile(
    r"(?:温度|气温|低温|高温|最低|最高|低至|余额|利润|坐标|[为是到至约得于达跌降零值在涨])\s?$|^$|[\s（(，,。：:；=＝<>≤≥~～+*/×÷、「“\[]$"
)
_HAN_UNIT = rf"(?:{CURRENCY_WORDS}|{MEASURES}|[%％℃°月日号度万亿千百点时])"


@rule(
    rf"(?P<minus>[-−]\s?)?(?:{_CODE}\s?)?(?P<sign>{_SIGN}|{_CODE})\s?(?P<inner>[-−])?"
    rf"(?P<low>{NUMBER})(?P<low_scale>{SCALE}|{_ENGLISH_SCALE})?"
    rf"(?:{DASH}(?:{_SIGN}|{_CODE})?\s?(?P<high>{NUMBER})(?P<high_scale>{SCALE}|{_ENGLISH_SCALE})?)?"
    rf"(?P<more>多|余)?(?P<unit>{CURRENCY_WORDS})?"
)
def _sign_first(match: re.Match[str]) -> str:
    part = match.groupdict()
    name = SIGNS.get(part["sign"]) or CODES[part["sign"]]
    minus = "负" if part["minus"] or part["inner"] else ""
    low = _money(part["low"], part["low_scale"])
    if part["high"]:
        low += "到" + _money(part["high"], part["high_scale"])
    return f"{minus}{low}{part['more'] or ''}{part['unit'] or name}"


@rule(
    rf"(?P<low>{NUMBER})(?P<low_scale>{SCALE})?(?:{DASH}(?P<high>{NUMBER})(?P<high_scale>{SCALE})?)?"
    rf"\s?(?P<sign>{_SIGN}|{_CODE})(?![A-Za-z\d])"
)
def _sign_last(match: re.Match[str]) -> str:
    part = match.groupdict()
    low = _money(part["low"], part["low_scale"])
    if part["high"]:
        low += "到" + _money(part["high"], part["high_scale"])
    return low + (SIGNS.get(part["sign"]) or CODES[part["sign"]])


def _money(number: str, scale: str | None) -> str:
    if scale and (power := _POWERS.get(scale.strip().lower())) is not None:
        return amount(f"{Decimal(number.replace(',', '')).scaleb(power):f}")
    return _scaled(without_zeros(number), scale or "", is_counted=True)


def _scaled(number: str, scale: str, *, is_counted: bool) -> str:
    if scale in ("万", "萬") and number.isdecimal() and len(number) > 4:
        return quantity(f"{number}0000")
    if scale:
        return (counted(number) if scale[0] in "千万萬亿億" else quantity(number)) + scale
    return counted(number) if is_counted else quantity(number)


@rule(
    rf"(?P<sign>[-−+±])?(?P<low>{NUMBER})[%％‰]?(?:{DASH}(?P<minus>[-−])?(?P<high>{NUMBER}))?\s?(?P<part>[%％‰])(?P<plus>\+(?!\d))?"
)
def _percentage(match: re.Match[str]) -> str:
    part = match.groupdict()
    name = "千分之" if part["part"] == "‰" else "百分之"

    def one(number: str) -> str:
        return name + ("百" if number == "100" and name == "百分之" else quantity(number))

    sign = _SIGNS.get(part["sign"] or "", "")
    if not part["high"]:
        return sign + one(part["low"]) + ("加" if part["plus"] else "")
    return f"{sign}{one(part['low'])}到{'负' if part['minus'] else ''}{one(part['high'])}"


@rule(r"(?P<whole>\d+)(?:又|\s)(?P<above>\d{1,3})/(?P<below>\d{1,3})(?![\d/])")
def _mixed_fraction(match: re.Match[str]) -> str:
    return f"{quantity(match['whole'])}又{quantity(match['below'])}分之{quantity(match['above'])}"


@rule(r"(\d{1,4})/(\d{1,4})(?![\d/.])(\s?mmHg|[页頁集章题])?")
def _fraction(match: re.Match[str]) -> str | None:
    above, below = match[1], match[2]
    if (above, below) == ("24", "7"):
        return "二十四七"
    if before(match).endswith("/") or int(below) == 0:
        return None
    what = match[3] or ""
    if what.endswith("mmHg") or re.search(r"(?:血压|高压)\S{0,3}$", before(match)):
        return f"{quantity(above)}比{quantity(below)}{'毫米汞柱' if what else ''}"
    if what and before(match).endswith("第"):
        return f"{quantity(above)}{what}，共{quantity(below)}{what}"
    return f"{quantity(below)}分之{quantity(above)}{what}"


@rule(
    rf"(?P<sign>[-−+±])?(?P<low>{NUMBER})(?P<low_scale>{SCALE})?"
    rf"(?:{DASH}(?P<minus>[-−])?(?P<high>{NUMBER})(?P<high_scale>{SCALE})?)?"
    rf"\s?(?P<unit>{_UNIT})(?:/(?P<per>{any_of(PER)}|人|天|次|个))?(?![A-Za-z\d])"
)
def _measure(match: re.Match[str]) -> str | None:
    part = match.groupdict()
    unit = UNITS[part["unit"]]
    if part["unit"] == "w" and part["sign"]:
        return None
    minus = "零下" if unit in _BELOW_ZERO[:2] or (unit == "度" and "温" in before(match)) else "负"
    sign = {"-": minus, "−": minus, "+": "", "±": "正负"}.get(part["sign"] or "", "")
    is_two = unit not in _BELOW_ZERO
    if part["unit"] == "W" and re.match(r"[+人字元块条次粉播用阅]", after(match)):
        unit = "万"
    said = sign + _scaled(part["low"], part["low_scale"] or "", is_counted=is_two)
    if part["high"]:
        said += "到" + (minus if part["minus"] else "")
        said += _scaled(part["high"], part["high_scale"] or "", is_counted=is_two)
    per = f"每{PER.get(part['per'], part['per'])}" if part["per"] else ""
    return f"{said}{unit}{per}"


@rule(rf"(?P<low>{NUMBER})(?P<scale>{SCALE})?{DASH}(?P<high>{NUMBER})(?P<high_scale>{SCALE})?(?![\d:：])")
def _range(match: re.Match[str]) -> str | None:
    part = match.groupdict()
    low, high = (Decimal(part[name].replace(",", "")) for name in ("low", "high"))
    is_said = re.search("[至到~～〜]", match[0]) or part["scale"] or part["high_scale"]
    if not (is_said or is_countable(match) or (low < high and match[0] != "7-11")):
        return None
    is_two = is_counted(match)
    is_money = re.match(CURRENCY_WORDS, after(match))
    ends = (without_zeros(part[name]) if is_money else part[name] for name in ("low", "high"))
    first, last = (
        _scaled(number, part[scale] or "", is_counted=is_two) if not _is_padded(number) else quantity(number)
        for number, scale in zip(ends, ("scale", "high_scale"), strict=True)
    )
    return f"{first}{'至' if '至' in match[0] else '到'}{last}"


def _is_padded(number: str) -> bool:
    return len(number) > 1 and number[0] == "0" and number[1] != "."


@rule(rf"(?P<sign>[-−+±])?(?P<number>{NUMBER})(?P<scale>{SCALE})?(?P<plus>\+)?(?![\d]|[.,:：]\d)")
def _number(match: re.Match[str]) -> str | None:
    part = match.groupdict()
    number, later = part["number"], after(match)
    sign = _SIGNS.get(part["sign"] or "", "")
    if sign == "负" and not _is_negative(match):
        sign = "减" if re.search(r"[)）²³]$|\d[a-z]$", before(match)) else ""
    elif sign == "正" and re.search(r"[\dA-Za-zπ)）²³]\s?$", before(match)):
        sign = "加"
    if re.match(r"折", later) and (found := re.fullmatch(r"(\d)\.?(\d)", number)):
        return spelt(found[1] + found[2])
    if not part["scale"] and re.match(r"[A-Za-z]", later):
        return None
    if re.match(CURRENCY_WORDS, later):
        number = without_zeros(number)
    said = _scaled(number, part["scale"] or "", is_counted=is_counted(match))
    return f"{sign}{said}{'加' if part['plus'] else ''}"


def _is_negative(match: re.Match[str]) -> bool:
    """Whether the hyphen before a number is a minus: -3, 气温-3, but not 歼-20."""
    return (
        _AFTER_MINUS.search(before(match)) is not None
        or re.match(rf"\s?(?:{CURRENCY_WORDS}|度)", after(match)) is not None
    )


@rule(r"[~～](?=\d)")
def _about(match: re.Match[str]) -> str | None:
    return "约" if re.search(r"^$|[\s（(，,。：:；]$", before(match)) else None


@rule(r"(?<=[A-Za-z万亿千百])\+(?![\d+])")
def _and_more(match: re.Match[str]) -> str | None:
    return "加" if re.search(r"\d[A-Za-z万亿千百]{1,2}$", before(match)) else None


@rule(r"\d+(?:,\d+)+")
def _list(match: re.Match[str]) -> str:
    return "，".join(map(quantity, match[0].split(",")))


@rule(r"\d+")
def _digits(match: re.Match[str]) -> str:
    return quantity(match[0])


@rule(rf"[-–−~～〜－](?=\s?(?:{NUMBER}|{_SIGN}))")
def _dash_between(match: re.Match[str]) -> str | None:
    return "到" if re.search(rf"{_HAN_UNIT}\s?$", before(match)) else None


@rule(
    r"/(?=(?:斤|公斤|千克|克|个|天|日|月|年|周|小时|分钟|秒|次|人|晚|夜|平米?|吨|升|件|张|瓶|盒|位|节|课时|季度|股|度|kg|h|L|m|min|s)(?![A-Za-z]))"
)
def _per(match: re.Match[str]) -> str | None:
    return "每" if re.search(r"[\d%％]\s?[^\s，。、/]{0,3}$", before(match)) else None


_SINGLE: Mapping[str, str] = MappingProxyType(
    {"½": "二分之一", "⅓": "三分之一", "⅔": "三分之二", "¼": "四分之一", "¾": "四分之三", "⅛": "八分之一"}
    | {chr(0x2460 + index): quantity(str(index + 1)) for index in range(20)}
    | {chr(0x2160 + index): quantity(str(index + 1)) for index in range(12)}
    | {"℃": "摄氏度", "℉": "华氏度", "㎡": "平方米", "㎥": "立方米", "㎏": "千克", "π": "派", "±": "正负"}
)


@rule(r"(\d+)([½⅓⅔¼¾⅛])")
def _number_and_half(match: re.Match[str]) -> str:
    return f"{quantity(match[1])}又{_SINGLE[match[2]]}"


@rule("[" + "".join(_SINGLE) + "]")
def _character(match: re.Match[str]) -> str:
    return _SINGLE[match[0]]


MONEY: tuple[Rule, ...] = (_sign_first, _sign_last)
RULES: tuple[Rule, ...] = (
    _percentage,
    _mixed_fraction,
    _fraction,
    _measure,
)
RANGES: tuple[Rule, ...] = (_range,)
NUMBERS: tuple[Rule, ...] = (
    _dash_between,
    _number_and_half,
    _number,
    _about,
    _per,
    _and_more,
    _list,
    _digits,
    _character,
)
