"""Sanitising of hotwords."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST = 500
_LONGEST = 40
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def safe_words(hotwords: Iterable[str]) -> list[str]:
    """Return the distinct single words among the hotwords.

    FunASR opens or fetches hotwords that look like paths or URLs, so only letters, digits, hyphens and
    apostrophes pass.
    """
    words = (word for hotword in hotwords for word in hotword.split())
    known = dict.fromkeys(word for word in words if len(word) <= _LONGEST and _WORD.fullmatch(word))
    return list(known)[:MOST]
