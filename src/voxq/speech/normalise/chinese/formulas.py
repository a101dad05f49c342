"""Chinese readings of formulas: 2+3=5 is 二加三等于五, ≥5 大于等于五, √2 根号二, 10^6 十的六次方."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from voxq.speech.normalise.chinese.numbers import quantity, spelt
from voxq.speech.normalise.chinese.surroundings import NUMBER
from voxq.speech.normalise.chinese.tables import UNITS
from voxq.speech.normalise.rules import Rule, any_of, before, rule

_OPERATORS: Mapping[str, str] = MappingProxyType(
    {"+": "加", "-": "减", "−": "减", "*": "乘", "×": "乘", "÷": "除以", "/": "除以", "=": "等于"}
)
_TERM = rf"(?:{NUMBER}|[a-zA-Zπ](?![a-zA-Z]))[²³]?"


@rule(rf"{_TERM}(?:\s?[-−+*×÷/]\s?{_TERM})*\s?=\s?-?(?:{_TERM}(?:\s?[-−+*×÷/]\s?{_TERM})*|[?？])")
def _equation(match: re.Match[str]) -> str | None:
    text = match[0]
    if not re.search(r"[\d²³]", text):
        return None
    said, was_operator = [], True
    for each in re.findall(rf"{NUMBER}|[a-zA-Zπ]|[^\s]", text):
        if each in _OPERATORS and not (each == "-" and was_operator):
            said.append(_OPERATORS[each])
            was_operator = True
            continue
        if each[0].isdecimal():
            said.append(quantity(each))
        else:
            said.append(
                {"²": "的平方", "³": "的立方", "π": "派", "-": "负", "?": "多少", "？": "多少"}.get(
                    each, each
                )
            )
        was_operator = False
    return "".join(said)


@rule(
    rf"({NUMBER})\s?[×xX*]\s?({NUMBER})(?:\s?[×xX*]\s?({NUMBER}))?(?:\s?(?P<unit>{any_of(UNITS)})(?![A-Za-z]))?"
    r"(?![\d.]|[A-Za-z]*\d)"
)
def _product(match: re.Match[str]) -> str:
    said = "乘".join(
        spelt(number) if re.fullmatch(r"\d{3,4}", number) and not number.endswith("00") else quantity(number)
        for number in filter(None, match.groups()[:3])
    )
    return said + UNITS.get(match["unit"] or "", "")


@rule(r"(\d+|[A-Za-z)])(?:\^(-?\d+)(?!\w)|([²³⁴⁵⁶⁷⁸⁹⁰]+))")
def _power(match: re.Match[str]) -> str:
    base, exponent = match[1], match[2]
    raised = exponent or match[3].translate(str.maketrans("²³⁴⁵⁶⁷⁸⁹⁰¹", "2345678901"))
    said = quantity(base) if base.isdigit() else base
    if raised == "2":
        return f"{said}的平方"
    number = f"负{quantity(raised[1:])}" if raised.startswith("-") else quantity(raised)
    return f"{said}的{number}次方"


_COMPARED: Mapping[str, str] = MappingProxyType(
    {
        "≥": "大于等于",
        "≧": "大于等于",
        ">=": "大于等于",
        "≤": "小于等于",
        "≦": "小于等于",
        "<=": "小于等于",
        "≠": "不等于",
        "!=": "不等于",
        "≈": "约等于",
        ">": "大于",
        "＞": "大于",
        "<": "小于",
        "＜": "小于",
        "~": "约",
        "～": "约",
        "=": "等于",
        "==": "等于",
        "+": "加",
        "×": "乘",
        "÷": "除以",
        "±": "正负",
        "√": "根号",
        "^": "的",
        "*": "乘",
    }
)


@rule(r"\s?([≥≤≧≦≠≈<>＞＜=!]=?|[+×÷*])\s?(?=[-−]?[\d.√π(（]|[￥¥$€£])")
def _operator(match: re.Match[str]) -> str | None:
    mark, earlier = match[1], before(match)
    if mark in ("+", "×", "÷", "*", "=") and not re.search(r"[\dA-Za-zπ²³)）%％]\s?$", earlier):
        return "等于" if mark == "=" and re.search(r"\d\S{1,4}$", earlier) else None
    return _COMPARED.get(mark)


@rule(r"([≥≤≧≦≠≈])")
def _lone_operator(match: re.Match[str]) -> str:
    return _COMPARED[match[1]]


@rule(r"(?<=\d)\s?([+×÷=])\s?(?=[A-Za-z])")
def _operator_between(match: re.Match[str]) -> str:
    return _COMPARED[match[1]]


@rule(r"√(?=[\d(（A-Za-z])")
def _root(match: re.Match[str]) -> str:
    return "根号"


@rule(r"∛(?=[\d(（A-Za-z])")
def _cube_root(match: re.Match[str]) -> str:
    return "三次根号"


WHOLE: tuple[Rule, ...] = (_equation, _product)
POWERS: tuple[Rule, ...] = (_power,)
OPERATORS: tuple[Rule, ...] = (_operator, _operator_between, _lone_operator, _root, _cube_root)
