"""A transcript as a value: words, segments, and how the texts of chunks are joined."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Word:
    """One word (for Chinese: one token) with its times in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech with its text, times in seconds, and its words when they were asked for."""

    text: str
    start: float
    end: float
    words: tuple[Word, ...] = ()

    def shifted(self, seconds: float) -> Segment:
        """The same segment, later by `seconds`."""
        words = tuple(replace(w, start=w.start + seconds, end=w.end + seconds) for w in self.words)
        return replace(self, start=self.start + seconds, end=self.end + seconds, words=words)
