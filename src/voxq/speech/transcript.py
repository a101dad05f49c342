"""Transcripts as values: words, segments, and the joining of their texts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Json = dict[str, Any]

_NO_SPACE_BEFORE = frozenset(".,!?;:%)]}»”…")
_NO_SPACE_AFTER = frozenset("([{«“¿¡")


@dataclass(frozen=True, slots=True)
class Word:
    """A word (in Chinese, a token) with its times in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech with its text, its times in seconds, and its words if they were requested."""

    text: str
    start: float
    end: float
    words: tuple[Word, ...] = ()
    raw_text: str | None = None
    """Text as the recogniser gave it, before punctuation was added; None if it is the same."""
    emotion: str | None = None
    """One lower-case word such as "happy" or "neutral", from models that detect emotions."""
    events: tuple[str, ...] = ()
    """Sounds other than speech, such as "laughter" or "applause"."""
    channel: int | None = None
    """Channel that it was spoken in, 0 for the left one, if channels were recognised separately."""
    language: str | None = None
    """ISO 639-1 code of what is spoken in it, also where the text is a translation; None if the engine cannot
    tell."""
    spoken: str | None = None
    """Text as a voice read it out, figures in words; None for recordings, and for what had no sound."""

    speaker: str | None = None
    """Name of who speaks, if speakers were told apart."""

    def shifted(self, seconds: float) -> Segment:
        """Return the same segment, later by `seconds`."""
        words = tuple(replace(w, start=w.start + seconds, end=w.end + seconds) for w in self.words)
        return replace(self, start=self.start + seconds, end=self.end + seconds, words=words)

    def to_json(self) -> Json:
        """Convert to `{"t": text, "s": start, "e": end, "w": [[text, start, end], ...], "r": raw_text,
        "m": emotion, "v": events, "c": channel, "l": language, "p": spoken, "k": speaker}`, leaving out what
        the segment does not have.

        Times are rounded to milliseconds.
        """
        record: Json = {"t": self.text, "s": _rounded(self.start), "e": _rounded(self.end)}
        if self.words:
            record["w"] = [[w.text, _rounded(w.start), _rounded(w.end)] for w in self.words]
        extras = {
            "r": self.raw_text,
            "m": self.emotion,
            "v": list(self.events) or None,
            "c": self.channel,
            "l": self.language,
            "p": self.spoken,
            "k": self.speaker,
        }
        return record | {name: value for name, value in extras.items() if value is not None}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Segment:
        """Read the output of `to_json`. Raises ValueError for anything else."""
        try:
            return cls(
                text=str(record["t"]),
                start=float(record["s"]),
                end=float(record["e"]),
                words=tuple(Word(str(text), float(s), float(e)) for text, s, e in record.get("w", ())),
                raw_text=_text_or_none(record.get("r")),
                emotion=_text_or_none(record.get("m")),
                events=tuple(map(str, record.get("v", ()))),
                channel=None if record.get("c") is None else int(record["c"]),
                language=_text_or_none(record.get("l")),
                spoken=_text_or_none(record.get("p")),
                speaker=_text_or_none(record.get("k")),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("not a segment") from error


@dataclass(frozen=True, slots=True)
class Dropped:
    """Text that a model gave and a filter took out, with its times in seconds."""

    text: str
    start: float
    end: float
    why: str
    """Filter: "no_speech" (the model itself doubts that anybody spoke), "prompt" (its prompt, repeated) or
    "repeated" (more of what it had just said, as in an endless loop)."""

    def shifted(self, seconds: float) -> Dropped:
        """Return the same text, later by `seconds`."""
        return replace(self, start=self.start + seconds, end=self.end + seconds)

    def to_json(self) -> Json:
        """Convert to `{"t": text, "s": start, "e": end, "y": why}`; times are rounded to milliseconds."""
        return {"t": self.text, "s": _rounded(self.start), "e": _rounded(self.end), "y": self.why}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Dropped:
        """Read the output of `to_json`. Raises ValueError for anything else."""
        try:
            return cls(str(record["t"]), float(record["s"]), float(record["e"]), str(record["y"]))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("not a dropped text") from error


@dataclass(frozen=True, slots=True)
class Transcript:
    """Text of a recording of `duration` seconds; segments are in order of time.

    `language` is an ISO 639-1 code, or None if nothing was said or the engine cannot tell.
    """

    text: str
    language: str | None
    duration: float
    segments: tuple[Segment, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    """Text that was taken out, in order of time."""

    @property
    def raw_text(self) -> str:
        """Text before punctuation was added."""
        return join_texts(s.text if s.raw_text is None else s.raw_text for s in self.segments)

    @classmethod
    def of(
        cls,
        segments: Iterable[Segment],
        language: str | None,
        duration: float,
        dropped: Iterable[Dropped] = (),
    ) -> Transcript:
        """Make a transcript whose text is that of its segments, joined."""
        kept = tuple(segments)
        text = join_texts(segment.text for segment in kept)
        return cls(text, language, duration, kept, tuple(dropped))

    def to_json(self) -> Json:
        """Convert to `{"text", "language", "duration", "segments": [Segment.to_json(), ...], "dropped":
        [Dropped.to_json(), ...]}`."""
        return {
            "text": self.text,
            "language": self.language,
            "duration": _rounded(self.duration),
            "segments": [segment.to_json() for segment in self.segments],
            "dropped": [each.to_json() for each in self.dropped],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Transcript:
        """Read the output of `to_json`. Raises ValueError for anything else."""
        try:
            return cls(
                text=str(record["text"]),
                language=None if record["language"] is None else str(record["language"]),
                duration=float(record["duration"]),
                segments=tuple(Segment.from_json(segment) for segment in record["segments"]),
                dropped=tuple(Dropped.from_json(each) for each in record.get("dropped", ())),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("not a transcript") from error


def merged(channels: Sequence[Iterable[Segment]]) -> list[Segment]:
    """Merge the segments of several channels in order of time, each with the number of its channel."""
    marked = [replace(each, channel=number) for number, of in enumerate(channels) for each in of]
    return sorted(marked, key=lambda segment: segment.start)


def main_language(segments: Iterable[Segment]) -> str | None:
    """Return the language that is spoken longest; of equals the first, None if no segment has one."""
    seconds: dict[str, float] = {}
    for segment in segments:
        if segment.language is not None:
            length = segment.end - segment.start
            seconds[segment.language] = seconds.get(segment.language, 0.0) + length
    return max(seconds, key=lambda language: seconds[language], default=None)


def words_within(words: Iterable[Word], seconds: float) -> tuple[Word, ...]:
    """Clamp the words' times to a chunk of `seconds` and make them never run backwards.

    Times become plain floats, because engines may give NumPy's.
    """
    kept: list[Word] = []
    earliest = 0.0
    for word in words:
        start = min(max(float(word.start), earliest), seconds)
        earliest = min(max(float(word.end), start), seconds)
        kept.append(Word(word.text, start, earliest))
    return tuple(kept)


def join_texts(texts: Iterable[str]) -> str:
    """Join texts as one would write them: with a space between words, without one inside Chinese.

    Each text is stripped first; empty texts are left out.
    """
    joined: list[str] = []
    for text in filter(None, map(str.strip, texts)):
        if joined and _needs_space(joined[-1][-1], text[0]):
            joined.append(" ")
        joined.append(text)
    return "".join(joined)


def is_spaceless(character: str) -> bool:
    """Whether a character belongs to a script without spaces (Chinese, Japanese), punctuation included."""
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
