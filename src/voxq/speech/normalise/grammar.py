"""Digits and symbols to words by wetext's grammars, imported when first needed (0.3 s, 13 MB)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wetext import Normalizer

Language = Literal["ja"]

_LONG_NUMBER = re.compile(r"\d{21,}")  # not meant as a number, and slow in the grammar


def said(text: str, language: Language) -> str:
    """Write the text out in words, or return it unchanged if that fails.

    White space at its ends is kept. Never raises.
    """
    normaliser = _normaliser(language)
    if normaliser is None or _LONG_NUMBER.search(text):
        return text
    try:
        words = str(normaliser.normalize(text)).strip()
    except Exception:  # its token parser asserts and indexes; a sentence read badly is better than none
        return text
    lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{lead}{words}{trail}" if words else text


@lru_cache(maxsize=1)
def _normaliser(language: Language) -> Normalizer | None:
    try:
        from wetext import Normalizer
    except ImportError:
        return None
    return Normalizer(lang=language, operator="tn")
