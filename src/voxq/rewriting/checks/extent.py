"""How long an answer is, and how much of the wording it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from voxq.locale import Message
from voxq.rewriting.checks.compared import Compared
from voxq.rewriting.differences import count
from voxq.rewriting.request import Mode
from voxq.speech.sentences import spoken_seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """Words of an answer, and of its changes, in proportion to the transcript, and `slack` words besides."""

    shortest: float
    """Of the transcript without fillers."""
    longest: float
    changed: float
    """Of the transcript without fillers, or the answer if that is longer."""
    slack: int


LIMITS: Mapping[Mode, Limits] = MappingProxyType(
    {
        Mode.LIGHT: Limits(shortest=0.8, longest=1.0, changed=0.2, slack=0),
        Mode.OPTIMIZE: Limits(shortest=0.65, longest=1.15, changed=0.35, slack=3),
        Mode.FORMAT: Limits(shortest=0.5, longest=1.5, changed=0.75, slack=4),
        Mode.PUNCTUATE: Limits(shortest=0.9, longest=1.1, changed=0.1, slack=2),
        Mode.SUMMARY: Limits(shortest=0.0, longest=1.0, changed=1.0, slack=12),
        Mode.CUSTOM: Limits(shortest=0.0, longest=4.0, changed=1.0, slack=200),
    }
)
"""Bounds within which a mode stays; a translation is measured in seconds of speech."""
_SUMMARY_WORDS = 3
_TRANSLATION = (0.4, 2.6)
"""Seconds that a translation takes to read, in proportion to the transcript."""
_TRANSLATION_SLACK = 1.0


def length(compared: Compared) -> Message | None:
    """Check that the answer is about as long as its mode makes it."""
    if compared.rewrite.mode is Mode.TRANSLATE:
        return _translation(compared)
    limits = LIMITS[compared.rewrite.mode]
    number = count(compared.written)
    least = limits.shortest * count(compared.cleaned) - limits.slack
    most = limits.longest * count(compared.raw) + limits.slack
    if compared.rewrite.mode is Mode.SUMMARY:
        least = min(_SUMMARY_WORDS, count(compared.cleaned))
    if number < least or (not number and count(compared.raw)):
        return Message("The answer is too short (words: {words})", words=number)
    return Message("The answer is too long (words: {words})", words=number) if number > most else None


def edits(compared: Compared) -> Message | None:
    """Check that no more of the wording was changed than the mode asks for."""
    limits = LIMITS[compared.rewrite.mode]
    total = max(count(compared.cleaned), count(compared.written))
    changed = min(compared.from_cleaned.changes.words, compared.difference.changes.words)
    if changed > limits.changed * total + limits.slack:
        return Message(
            "Too much of the wording was changed: {changed} of {total} words", changed=changed, total=total
        )
    return None


def _translation(compared: Compared) -> Message | None:
    before, after = spoken_seconds(compared.cleaned), spoken_seconds(compared.written)
    least, most = (bound * before for bound in _TRANSLATION)
    number = count(compared.written)
    if after < least - _TRANSLATION_SLACK or not number:
        return Message("The answer is too short (words: {words})", words=number)
    if after > most + _TRANSLATION_SLACK:
        return Message("The answer is too long (words: {words})", words=number)
    return None
