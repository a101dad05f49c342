"""Chinese readings of figures that name something: telephone and order numbers, versions, models, scores."""

from __future__ import annotations

import re

from voxq.speech.normalise.chinese.numbers import quantity, spelt
from voxq.speech.normalise.chinese.surroundings import is_countable
from voxq.speech.normalise.chinese.tables import (
    ID_NOUNS,
    SCORE,
    SPELT_BEFORE,
    TELEPHONE_NOUNS,
)
from voxq.speech.normalise.rules import Rule, after, any_of, before, rule

_LONG = 9
"""Digits of a number that is an identifier if nothing shows it to be a quantity."""
_LINK = r"(?:号码|號碼|号|號|码|碼)?\s*(?:是|为|為|到|至|[:：#，,“\"「(（])*\s*"
_AFTER_ID = re.compile(rf"(?:{ID_NOUNS}|[卡码碼]){_LINK}$")
_AFTER_TELEPHONE = re.compile(rf"(?:{TELEPHONE_NOUNS}|[打]){_LINK}$")
_BEFORE_NOUN = re.compile(SPELT_BEFORE)
_HOTLINES = any_of(
    """
    110 112 114 119 120 122 999 10000 10001 10010 10016 10050 10086 11185 12110 12114 12123 12301 12305
    12306 12309 12315 12318 12320 12328 12329 12333 12345 12348 12355 12358 12366 12369 12377 12378
    12381 12388 12389 12395
    """
)
_ALWAYS = ("10010", "10086", "12306", "12315", "95588", "95555", "95566", "95599", "95533")
_BY_NAME = any_of("985 211 996 965 715 618 315 12306 12315 10086 10010 10000号")
_UNIT_OF_MONEY = re.compile(r"\s?(?:[元块塊万萬亿億千百]|[%％℃°])")


def _grouped(text: str, one: str = "一") -> str:
    return "，".join(spelt(group, one=one) for group in re.findall(r"\d+", text))


@rule(
    r"(?P<plus>\(?（?\+\)?\s?)(?=(?:\D{0,2}\d){8})\d{1,4}[)）]?(?:[\s.-]?[(（]?\d{1,11}[)）]?){1,6}(?![\d.])"
    r"|[(（]0\d{2,3}[)）][\s-]?\d{3,4}[\s-]?\d{3,4}(?!\d)"
    r"|0\d{2,3}[\s-]\d{3,4}[\s-]?\d{3,4}(?:[\s-]\d{1,4})?(?!\d)"
    r"|(?:400|800)[\s-]\d{3,4}[\s-]\d{3,4}(?!\d)"
    r"|(?:400|800)\d{7}(?!\d)"
    r"|1[3-9]\d[\s-]\d{4}[\s-]\d{4}(?!\d)"
    r"|1[3-9]\d{9}(?!\d|[.,]\d)"
)
def _telephone(match: re.Match[str]) -> str | None:
    text = match[0]
    if re.fullmatch(r"1[3-9]\d{9}", text):
        if is_countable(match) or _UNIT_OF_MONEY.match(after(match)):
            return None
        return spelt(text, one="幺")
    return ("加" if "+" in text else "") + _grouped(text, "幺")


@rule(r"\d{25,}+")
def _endless(match: re.Match[str]) -> str:
    return spelt(match[0])


@rule(rf"(?:{_HOTLINES}|955\d\d|953\d\d|96\d{{3,4}})(?![\d.,:：/%])")
def _hotline(match: re.Match[str]) -> str | None:
    if is_countable(match) or _UNIT_OF_MONEY.match(after(match)):
        return None
    is_dialled = _AFTER_TELEPHONE.search(before(match)) or re.match(
        r"(?:报警|火警|急救|热线|客服|电话|服务|平台|中心|短信|查号|网站|购票|投诉)", after(match)
    )
    return spelt(match[0], one="幺") if is_dialled or match[0] in _ALWAYS else None


@rule(r"\d{3,}(?:[\s-]\d{2,})*[Xx]?(?![\d.%％]|,\d)")
def _identifier(match: re.Match[str]) -> str | None:
    """Read the number of an order, a card, a room: by the noun beside it, or because it is long."""
    text = match[0]
    if is_countable(match) and not re.search(ID_NOUNS + "$", before(match)):
        return None
    if _UNIT_OF_MONEY.match(after(match)):
        return None
    if _AFTER_TELEPHONE.search(before(match)):
        return _grouped(text, "幺")
    groups = re.findall(r"\d+", text)
    is_card = len(groups) >= 3 and all(len(group) == 4 for group in groups[:-1])
    is_long = len(groups) == 1 and len(text) >= _LONG and not text.endswith("0000")
    if not (is_card or is_long or _AFTER_ID.search(before(match)) or len(text) > 16):
        return None
    return _grouped(text) + ("X" if text[-1] in "Xx" else "")


@rule(r"\d{3,4}(?![\d.,:：/%])")
def _named(match: re.Match[str]) -> str | None:
    """Read 305室, 318国道, 985高校."""
    text, later = match[0], after(match)
    if re.match(r"(?:强|个|多|余)", later):
        return None
    if _BEFORE_NOUN.match(later) or re.search(r"(?:波音|空客|房间|国道|公交|代号)$", before(match)):
        return spelt(text)
    is_known = re.fullmatch(_BY_NAME, text) and (
        text == "996" or re.match(r"[、和/及与，。]|$|年中|电商|大学|名校|曝光|维权", later)
    )
    return spelt(text) if is_known and not is_countable(match) else None


@rule(r"0\d+(?![\d.:：/]|,\d)")
def _zeros(match: re.Match[str]) -> str | None:
    return spelt(match[0])


@rule(r"\d+(?:\.\d+){2,}(?::\d+)?")
def _dotted(match: re.Match[str]) -> str:
    address, _, port = match[0].partition(":")
    parts = address.split(".")
    is_address = len(parts) == 4 and all(int(part) < 256 for part in parts if len(part) < 4)
    said = "点".join(
        spelt(part) if is_address or (part[0] == "0" and len(part) > 1) else _part(part) for part in parts
    )
    return f"{said}冒号{spelt(port)}" if port else said


def _part(figures: str) -> str:
    return quantity(figures) if len(figures) < 3 else spelt(figures)


@rule(r"\d+(?:[-–]\d+){2,}(?![\d.:：%])")
def _hyphenated(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    return "".join(map(spelt, groups)) if all(len(x) == 1 for x in groups) else _grouped(match[0])


@rule(r"(\d{1,3})\s?[-–−]\s?(\d{1,3})(?![\d.,:：%％]|\s?[-/=])")
def _pair(match: re.Match[str]) -> str | None:
    """Read a score (3-1), a number of a chapter or figure (图5-3), and the shop 7-11."""
    left, right = match[1], match[2]
    earlier, later = before(match), after(match)
    if is_countable(match):
        is_address = re.match(r"\s?(?:号|室|单元)", later) and int(left) > int(right)
        return f"{quantity(left)}杠{quantity(right)}" if is_address else None
    if re.search(r"(?:图|表|式|例|附录|习题|算法|定理)$", earlier):
        return f"{quantity(left)}杠{quantity(right)}"
    if re.search(rf"{SCORE}[^，。；,;]{{0,8}}$|以$", earlier) or re.match(
        rf"[^，。；,;]{{0,6}}{SCORE}", later
    ):
        return f"{quantity(left)}比{quantity(right)}"
    if (left, right) == ("7", "11"):
        return "七幺幺"
    return (
        f"{quantity(left)}比{quantity(right)}" if int(left) > int(right) and len(left + right) <= 4 else None
    )


@rule(r"(\d{3,5})[-–](\d{1,5})(?![\d.:：%％])")
def _numbers_of_name(match: re.Match[str]) -> str | None:
    """Read 7714-2015, which is no range."""
    is_range = is_countable(match) or int(match[1]) < int(match[2])
    return None if is_range else f"{_name(match[1])}杠{_name(match[2])}"


@rule(r"(\d+)(?:st|nd|rd|th)(?![A-Za-z\d])")
def _english_ordinal(match: re.Match[str]) -> str:
    return f"第{quantity(match[1])}"


@rule(r"(?:[Nn][Oo]\.\s?|№\s?)(\d+)(?![\d.])")
def _number_sign(match: re.Match[str]) -> str:
    return f"第{quantity(match[1])}"


@rule(r"#\s?(\d+)(?![\d.])|(\d+)#")
def _hash(match: re.Match[str]) -> str:
    return f"{quantity(match[1] or match[2])}号"


@rule(r"(?:[A-Za-z]2){1,3}[A-Za-z](?![A-Za-z\d])")
def _to(match: re.Match[str]) -> str | None:
    """Read B2B as B to B, but not H2O."""
    return None if match[0] in ("H2O", "N2O", "K2O", "H2S", "C2H") else match[0].replace("2", " to ")


@rule(r"[A-Za-z]+(?:\+\+)?(?:[-_.&+]?[A-Za-z0-9]+)*")
def _model(match: re.Match[str]) -> str | None:
    """Read GPT-4o, iPhone15, MP3, v1.2.3: letters as they are, the numbers between them as names."""
    token = match[0]
    if not re.search(r"\d", token):
        return None
    figures = re.compile(r"[-_]?(?<!\d)(\d+(?:\.\d+)*)[-_]?")
    said = figures.sub(lambda found: _name(found[1]), token)
    return said if not re.match(r"N\d\d$", token) else f"N{spelt(token[1:])}"


def _name(figures: str) -> str:
    """Read a number in a name: 4090 as 四零九零, 15 as 十五, 100 as 一百."""
    if "." in figures:
        head, *rest = figures.split(".")
        return "点".join(
            [_name(head), *(spelt(x) if len(rest) == 1 or len(x) > 2 else quantity(x) for x in rest)]
        )
    is_round = len(figures) < 3 or re.fullmatch(r"[1-9]00|[1-9]0{3,}", figures)
    return quantity(figures) if (is_round and figures[0] != "0") or len(figures) == 1 else spelt(figures)


@rule(r"(\d+(?:\.\d+)*)(?![\dA-Za-z]|[.,:]\d)")
def _after_name(match: re.Match[str]) -> str | None:
    """Read iPhone 15, RTX 4090, Office 365."""
    is_named = re.search(r"[A-Za-z]{2,}$|[A-Za-z]\s$", before(match)) and not is_countable(match)
    return _name(match[1]) if is_named and not _UNIT_OF_MONEY.match(after(match)) else None


@rule(r"(\d+(?:\.\d+)?)([A-Za-z]+)((?:\d+[A-Za-z]*)*)(?![\d])")
def _before_letters(match: re.Match[str]) -> str:
    """Read 5G, 4K, 1080p, 3v3; units have been read before."""
    figures, letters, rest = match[1], match[2], match[3]
    said = spelt(figures) if letters in ("p", "P", "i") and len(figures) > 2 else quantity(figures)
    return said + letters + re.sub(r"\d+", lambda found: _name(found[0]), rest)


ENDLESS = _endless
CERTAIN: tuple[Rule, ...] = (_telephone, _hotline, _identifier, _named, _dotted, _hyphenated)
"""Rules that come before those of quantities."""
BEFORE_RANGES: tuple[Rule, ...] = (_number_sign, _hash, _to, _model, _pair, _numbers_of_name)
AFTER_RANGES: tuple[Rule, ...] = (_english_ordinal, _after_name, _before_letters, _zeros)
