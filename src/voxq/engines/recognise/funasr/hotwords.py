"""Words that a recogniser is to expect, made harmless."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST = 500
_LONGEST = 40
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def safe_words(hotwords: Iterable[str]) -> list[str]:
    """The single words among them, each once. FunASR opens and fetches hotwords that look like paths and
    addresses, so nothing but letters, digits, hyphens and apostrophes gets through."""
    words = (word for hotword in hotwords for word in hotword.split())
    known = dict.fromkeys(word for word in words if len(word) <= _LONGEST and _WORD.fullmatch(word))
    return list(known)[:MOST]
