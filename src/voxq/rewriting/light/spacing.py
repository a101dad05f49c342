"""Spaces between Chinese and Latin words, and the width of letters, digits and marks."""

from __future__ import annotations

import re

_HAN = "\u4e00-\u9fff\u3400-\u4dbf"
_WIDE = {
    code: code - 0xFEE0
    for first, last in ("０９", "ＡＺ", "ａｚ")
    for code in range(ord(first), ord(last) + 1)
}
_WIDE_POINT = re.compile(r"(?<=[0-9])．(?=[0-9])")
_ONE_BY_ONE = re.compile(rf"(?<![{_HAN}])[{_HAN}](?: [{_HAN}](?![{_HAN}])){{3,}}")
"""Characters that a recogniser set apart; 张三 李四 is a list."""
_COMPOUND = re.compile(r"卡拉OK|AA制|[A-Z]{1,3}[股站片型座]|PK[掉过]|OK[的了吗啊]")
"""Words of both scripts."""
_HAN_LATIN = re.compile(rf"(?<=[{_HAN}])(?=[A-Za-z]{{2}}|[A-Za-z]+[0-9])")
_LATIN_HAN = re.compile(rf"(?<=[A-Za-z][A-Za-z])(?=[{_HAN}])|(?<=[A-Za-z][0-9])(?=[{_HAN}])")
_NARROW_MARK = re.compile(rf"(?<=[{_HAN}”’》」）]) ?([,;:!?]+)(?=[ ]?[{_HAN}“‘《「（]|\s*\Z|[ ]?\n) ?")
_NARROW_COMMA = re.compile(rf"(?<=[A-Za-z0-9]),[ ]?(?=[{_HAN}])")
_NARROW_STOP = re.compile(rf"(?<=[{_HAN}])\.(?=\s*\Z|\n|[ ]?[{_HAN}])[ ]?")
_WIDE_MARKS = dict(zip(",;:!?", "，；：！？", strict=True))
_WIDE_IN_LATIN = re.compile(r"(?<=[A-Za-z])([，；：！？。])[ ]*(?=([A-Za-z]|\Z|\n))")
_NARROW_MARKS = {**{wide: narrow for narrow, wide in _WIDE_MARKS.items()}, "。": "."}
_ANY_HAN = re.compile(f"[{_HAN}]")
_SPACES = re.compile(r"(?<=\S) {2,}(?=\S)")
_BEFORE_MARK = re.compile(rf"(?<=[A-Za-z{_HAN}]) +(?=[,，。！？；]|[.?!;](?:\s|\Z))")


def tidied(text: str) -> str:
    """Return the text with one space between Chinese and Latin words, and marks as wide as their language."""
    text = _WIDE_POINT.sub(".", text.translate(_WIDE))
    text = _ONE_BY_ONE.sub(lambda run: run[0].replace(" ", ""), text)
    text = _SPACES.sub(" ", text)
    text = _BEFORE_MARK.sub("", text)
    if not _ANY_HAN.search(text):
        return _WIDE_IN_LATIN.sub(_narrow, text)
    text = _NARROW_MARK.sub(lambda marks: "".join(_WIDE_MARKS[mark] for mark in marks[1]), text)
    text = _NARROW_COMMA.sub("，", text)
    text = _NARROW_STOP.sub("。", text)
    return _spaced(text)


def _narrow(mark: re.Match[str]) -> str:
    return _NARROW_MARKS[mark[1]] + (" " if mark[2] and mark[2] != "\n" else "")


def _spaced(text: str) -> str:
    """Put a space between Chinese and Latin words of two letters or more, but not within compounds."""
    kept: list[str] = []
    at = 0
    for compound in _COMPOUND.finditer(text):
        kept += [_set_apart(text[at : compound.start()]), compound[0]]
        at = compound.end()
    return "".join([*kept, _set_apart(text[at:])])


def _set_apart(text: str) -> str:
    return _LATIN_HAN.sub(" ", _HAN_LATIN.sub(" ", text))
