"""Writing out of numbers, dates, amounts and addresses in words, as each language says them.

Chinese and English have rules of their own, Japanese goes through wetext's grammar. The Spanish and French
phonemiser reads whole numbers, so everything else is reduced to whole numbers and words. Text that is already
in words stays as it is: 下午三点半, half past three.
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
"""ISO 639-1 code -> function that writes out a sentence."""


def normalise(text: str, language: str) -> str:
    """Write out the figures in a sentence of one language; other languages are returned unchanged.

    Speakable text stays speakable. Without wetext (the extra "kokoro"), or if its grammar fails, the parts
    meant for it are returned unchanged. Never raises.
    """
    return _NORMALISERS[language](text) if language in _NORMALISERS else text
