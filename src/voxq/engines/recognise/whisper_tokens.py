"""Whisper's output tokens: passages of text between time stamps. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SECONDS_PER_STAMP = 0.02


@dataclass(frozen=True, slots=True)
class Passage:
    """Tokens of text from `start` to `end`, in seconds from the beginning of the window."""

    tokens: tuple[int, ...]
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Passages:
    """Passages of one decoding, in order."""

    all: tuple[Passage, ...]
    is_complete: bool
    """Whether each has a duration. The last one may lack an end: where the sound ends in the middle of a
    sentence it often does, and so it does in Chinese."""

    @classmethod
    def of(cls, tokens: Sequence[int], first_stamp: int, seconds: float) -> Passages:
        """Split a decoding at its time stamps, whose token for 0.0 s is `first_stamp`.

        Text after the last stamp ends with the window, after `seconds`.
        """
        found: list[Passage] = []
        text: list[int] = []
        start = 0.0
        for token in tokens:
            if token < first_stamp:
                text.append(token)
                continue
            stamp = (token - first_stamp) * SECONDS_PER_STAMP
            if text:
                found.append(Passage(tuple(text), start, stamp))
                text = []
            start = stamp
        if text:
            found.append(Passage(tuple(text), start, seconds))
        return cls(tuple(found), all(each.start < each.end for each in found))
