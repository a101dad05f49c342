"""wetext's grammars: digits and symbols to words. Imported when the first text needs one (0.3 s, 13 MB)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wetext import Normalizer

Language = Literal["en", "ja", "zh"]

_LONG_NUMBER = re.compile(r"\d{21,}")  # nobody means one as a number, and the grammar is slow on it


def said(text: str, language: Language) -> str:
    """The text in words, or as it came where that fails. White space at its ends stays. Never raises."""
    normaliser = _normaliser(language)
    if normaliser is None or _LONG_NUMBER.search(text):
        return text
    try:
        words = str(normaliser.normalize(text)).strip()
    except Exception:  # its token parser asserts and indexes; a sentence read plainly is better than none
        return text
    lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{lead}{words}{trail}" if words else text


@lru_cache(maxsize=3)
def _normaliser(language: Language) -> Normalizer | None:
    try:
        from wetext import Normalizer
    except ImportError:
        return None
    return Normalizer(lang=language, operator="tn")
