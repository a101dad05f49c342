"""What is to be done with a transcript."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voxq.speech.scripts import language_of

Timed = tuple[float, float, str]
"""Start and end in seconds, and text, of a segment."""


class Mode(StrEnum):
    """What a rewriting may change."""

    LIGHT = "light"
    """Fillers, repetitions, spacing and the width of marks, by rules: no model is asked."""
    OPTIMIZE = "optimize"
    """Fillers, slips of the tongue and punctuation."""
    FORMAT = "format"
    """The wording: formal written language."""
    PUNCTUATE = "punctuate"
    """Punctuation alone."""
    SUMMARY = "summary"
    """Everything: bullets say what matters."""
    TRANSLATE = "translate"
    """The language."""
    CUSTOM = "custom"
    """What the client's prompt says."""


NEEDS_MODEL = frozenset(Mode) - {Mode.LIGHT}
"""Modes in which a language model writes."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A text and what is to be done with it."""

    text: str
    mode: Mode
    language: str | None = None
    """ISO 639-1 code of the text, or None if nobody knows."""
    prompt: str = ""
    """What the client wants, in `custom` mode."""
    target: str | None = None
    """ISO 639-1 code of the language of a translation."""
    segments: tuple[Timed, ...] = ()
    """Segments of the text, in order of time, for a summary that cites times."""

    @property
    def written_in(self) -> str:
        """Primary code of the text's language, such as "zh" for "zh-CN"; judged by its script if unknown."""
        return primary(self.language) if self.language else language_of(self.text)


def primary(code: str) -> str:
    """Return the primary subtag of a language code, in lower case: "zh" of "zh-Hant-TW" or "zh_CN"."""
    return code.strip().lower().replace("_", "-").partition("-")[0]
