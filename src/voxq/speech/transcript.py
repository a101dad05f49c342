"""A transcript as a value: words, segments, and how their texts are joined."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

Json = dict[str, Any]

_NO_SPACE_BEFORE = frozenset(".,!?;:%)]}»”…")
_NO_SPACE_AFTER = frozenset("([{«“¿¡")


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
    raw_text: str | None = None
    """The text as the recogniser gave it, before punctuation was added; None: the same."""
    emotion: str | None = None
    """How it sounded, in one lower-case word, where the model tells: "happy", "neutral", ..."""
    events: tuple[str, ...] = ()
    """What was heard besides speech: "laughter", "applause", ..."""

    def shifted(self, seconds: float) -> Segment:
        """The same segment, later by `seconds`."""
        words = tuple(replace(w, start=w.start + seconds, end=w.end + seconds) for w in self.words)
        return replace(self, start=self.start + seconds, end=self.end + seconds, words=words)

    def to_json(self) -> Json:
        """`{"t": text, "s": start, "e": end, "w": [[text, start, end], ...], "r": raw_text, "m": emotion,
        "v": events}`, without what it does not have.

        Times are rounded to milliseconds.
        """
        record: Json = {"t": self.text, "s": _rounded(self.start), "e": _rounded(self.end)}
        if self.words:
            record["w"] = [[w.text, _rounded(w.start), _rounded(w.end)] for w in self.words]
        extras = {"r": self.raw_text, "m": self.emotion, "v": list(self.events) or None}
        return record | {name: value for name, value in extras.items() if value is not None}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Segment:
        """What `to_json` gave. Raises ValueError for anything else."""
        try:
            return cls(
                text=str(record["t"]),
                start=float(record["s"]),
                end=float(record["e"]),
                words=tuple(Word(str(text), float(s), float(e)) for text, s, e in record.get("w", ())),
                raw_text=_text_or_none(record.get("r")),
                emotion=_text_or_none(record.get("m")),
                events=tuple(map(str, record.get("v", ()))),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("not a segment") from error


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in a recording of `duration` seconds; segments in order of time.

    `language` is an ISO 639-1 code, or None where nothing was said or the engine cannot tell.
    """

    text: str
    language: str | None
    duration: float
    segments: tuple[Segment, ...] = ()

    @property
    def raw_text(self) -> str:
        """The text before punctuation was added to it."""
        return join_texts(s.text if s.raw_text is None else s.raw_text for s in self.segments)

    @classmethod
    def of(cls, segments: Iterable[Segment], language: str | None, duration: float) -> Transcript:
        """A transcript whose text is that of its segments."""
        kept = tuple(segments)
        return cls(join_texts(segment.text for segment in kept), language, duration, kept)

    def to_json(self) -> Json:
        """`{"text", "language", "duration", "segments": [...]}`, each segment by its own `to_json`."""
        return {
            "text": self.text,
            "language": self.language,
            "duration": _rounded(self.duration),
            "segments": [segment.to_json() for segment in self.segments],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Transcript:
        """What `to_json` gave. Raises ValueError for anything else."""
        try:
            return cls(
                text=str(record["text"]),
                language=None if record["language"] is None else str(record["language"]),
                duration=float(record["duration"]),
                segments=tuple(Segment.from_json(segment) for segment in record["segments"]),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("not a transcript") from error


def words_within(words: Iterable[Word], seconds: float) -> tuple[Word, ...]:
    """The words with times inside a chunk of so many seconds, that never run backwards; plain floats, where
    engines give NumPy's."""
    kept: list[Word] = []
    earliest = 0.0
    for word in words:
        start = min(max(float(word.start), earliest), seconds)
        earliest = min(max(float(word.end), start), seconds)
        kept.append(Word(word.text, start, earliest))
    return tuple(kept)


def join_texts(texts: Iterable[str]) -> str:
    """Texts one after another as one would write them: a space between words, none inside Chinese.

    Each text is stripped first, and empty ones leave no trace.
    """
    joined: list[str] = []
    for text in filter(None, map(str.strip, texts)):
        if joined and _needs_space(joined[-1][-1], text[0]):
            joined.append(" ")
        joined.append(text)
    return "".join(joined)


def is_spaceless(character: str) -> bool:
    """Whether it belongs to a script that writes without spaces (Chinese, Japanese), punctuation included."""
    return (
        unicodedata.east_asian_width(character) in "WF"
        and unicodedata.category(character) != "So"  # emoji
        and not unicodedata.name(character, "").startswith("HANGUL")  # wide, but with spaces
    )


def _needs_space(before: str, after: str) -> bool:
    if before in _NO_SPACE_AFTER or after in _NO_SPACE_BEFORE:
        return False
    return not (is_spaceless(before) or is_spaceless(after))


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


def _rounded(seconds: float) -> float:
    return round(seconds, 3)
