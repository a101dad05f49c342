"""Clean-up of a transcript by rules, without a model: deterministic, quick and conservative.

Fillers, words said twice by mistake and false starts go; spaces and marks become those of the language. What
may be meant stays: 那个人, 看看, "that that", "bye bye", numbers, negations and everything in doubt.
"""

from __future__ import annotations

from voxq.rewriting.light import chinese, english, spacing
from voxq.rewriting.request import primary
from voxq.speech.scripts import language_of

_PASSES = 8
"""Rounds at most; what one takes out may bring two equal words together."""


def light(text: str, language: str | None = None) -> str:
    """Return the text cleaned up; as it is in languages other than Chinese and English.

    `language` is an ISO 639-1 code, or None if nobody knows; then Latin letters are taken for English only if
    English words are among them. Cleaning a clean text changes nothing.
    """
    code = primary(language) if language else language_of(text)
    if code not in ("en", "zh"):
        return text
    is_english = english.is_likely(text) or (code == "en" and language is not None)
    cleaned = text
    for _ in range(_PASSES):
        before = cleaned
        cleaned = chinese.cleaned(cleaned)
        if is_english:
            cleaned = english.cleaned(cleaned)
        elif code == "zh":
            cleaned = english.without_sounds(cleaned)
        cleaned = spacing.tidied(cleaned)
        if cleaned == before:
            break
    return cleaned if any(map(str.isalnum, cleaned)) else text
