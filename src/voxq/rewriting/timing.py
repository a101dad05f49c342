"""The transcript with its rewritten text: which times that can honestly have depends on how it was made."""

from __future__ import annotations

from dataclasses import replace

from voxq.rewriting.differences import count, difference
from voxq.rewriting.request import Mode
from voxq.rewriting.retiming import retimed, spoken_text
from voxq.rewriting.translations import translated
from voxq.speech.transcript import Transcript

_SHARED = 0.5
"""Share of a custom text's words that must be those of the transcript, in order, for it to have times."""


def timed(transcript: Transcript, text: str, mode: str) -> Transcript | None:
    """Return the transcript with a text that was made from its own in this mode, whose segments have times.

    Returns None where words of the text cannot be related to those that were said: of a summary, of a custom
    text with mostly other words, and of a translation whose sentences do not correspond. Takes about as long
    as the comparison of both texts.
    """
    if mode == Mode.SUMMARY:
        return None
    if mode == Mode.TRANSLATE:
        return translated(transcript, text)
    if mode == Mode.CUSTOM and _share(transcript, text) < _SHARED:
        return None
    return retimed(transcript, text)


def without_words(transcript: Transcript) -> Transcript:
    """Return a transcript whose segments have no words."""
    return replace(transcript, segments=tuple(replace(each, words=()) for each in transcript.segments))


def has_words(transcript: Transcript) -> bool:
    """Whether any segment has words."""
    return any(segment.words for segment in transcript.segments)


def untimed(transcript: Transcript, text: str) -> Transcript:
    """Return the transcript with a text that has no times: without segments."""
    return replace(transcript, text=text, segments=())


def _share(transcript: Transcript, text: str) -> float:
    """Share of the text's words that are equal to words of the transcript, in order; marks do not count."""
    found = difference(spoken_text(transcript), text, with_case=False)
    equal = (index for each in found.operations if each.kind == "equal" for index in each.rewritten)
    kept = sum(not found.rewritten[index].is_mark for index in equal)
    return kept / max(1, count(text))
