"""Figures, dates, amounts and addresses in words, as they are said in a language.

Chinese and Japanese go through wetext's grammars. The English phonemiser reads most figures itself, and
better than wetext: only what it garbles is written out for it. The Spanish and French one reads whole
numbers, and is given everything else as such. What is in words already stays: 下午三点半, half past three.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from voxq.speech.normalise import chinese, english, japanese, romance

_NORMALISERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "en": english.written_out,
        "zh": chinese.written_out,
        "ja": japanese.written_out,
        "es": romance.SPANISH.written_out,
        "fr": romance.FRENCH.written_out,
    }
)
"""By ISO 639-1 code."""


def normalise(text: str, language: str) -> str:
    """A sentence of one language with what is not written in words written out; other languages stay.

    Speakable text stays speakable. Without wetext (the extra "kokoro"), and where its grammar fails, what is
    left to it comes back as it was. Never raises.
    """
    return _NORMALISERS[language](text) if language in _NORMALISERS else text
