"""Numbers, dates and money in words, as they are said.

Chinese goes through wetext's grammar (the extra "kokoro"), whose style is plain Mandarin: 15:30 is
十五点三十分, 3.5 三点五, ￥25 二十五元, 50% 百分之五十; a telephone number is said digit by digit.
What is in words already stays: 下午三点半. Every other language is left alone: the English phonemiser
reads numbers itself, and does it better ("one thousand", where wetext says "thousand").
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wetext import Normalizer

_UNTOUCHED = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)[!-~]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_DIGIT = re.compile(r"\d")
_LONG_NUMBER = re.compile(r"\d{21,}")  # nobody means one as a number, and the grammar is slow on it


def normalise(text: str, language: str) -> str:
    """A sentence with what is not written in words written out; URLs and e-mail addresses stay.

    Without wetext, and where its grammar fails, the text comes back as it was. Never raises.
    """
    if language != "zh" or not _DIGIT.search(text):
        return text
    said: list[str] = []
    end = 0
    for match in _UNTOUCHED.finditer(text):
        said += [_said(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*said, _said(text[end:])])


def _said(text: str) -> str:
    normaliser = _chinese()
    if normaliser is None or not _DIGIT.search(text) or _LONG_NUMBER.search(text):
        return text
    try:
        said = str(normaliser.normalize(text))
    except Exception:  # its token parser asserts and indexes; a sentence read plainly is better than none
        return text
    lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{lead}{said.strip()}{trail}" if said.strip() else text


@lru_cache(maxsize=1)
def _chinese() -> Normalizer | None:
    try:
        from wetext import Normalizer
    except ImportError:
        return None
    return Normalizer(lang="zh", operator="tn")
