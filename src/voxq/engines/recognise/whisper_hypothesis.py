"""What one search of Whisper found, whether to believe it, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from voxq.engines.recognise.whisper_text import full_width, merge_pieces, without_loops
from voxq.speech.transcript import Segment, Word, words_within

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment as RawSegment

_LONGEST_REST = 1.5
"""Seconds of a chunk that may follow its last segment: VAD ends a chunk close to its last word."""

# Measured with whisper-base: speech, clean or noisy, has a no-speech probability below 0.4, a mean
# log-probability above -0.8 and a compression ratio below 1.7. Noise, tones and music, where they get text at
# all, have a no-speech probability above 0.5, and a log-probability below -0.8 or loops far above 2.4.
_NO_SPEECH = 0.5
_UNSURE = -0.6
_GARBAGE = -1.5
_LOOPED = 2.4

_CHINESE = ("zh", "yue")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decoding of one window of `seconds`, without what was invented."""

    segments: tuple[RawSegment, ...]
    seconds: float

    @classmethod
    def of(cls, decoded: Iterable[RawSegment], seconds: float) -> Self:
        return cls(tuple(segment for segment in decoded if not _is_invented(segment)), seconds)

    @property
    def end(self) -> float:
        """Where the text ends, in seconds; 0.0 without any."""
        return self.segments[-1].end if self.segments else 0.0

    @property
    def stops_early(self) -> bool:
        """Whether seconds that VAD took for speech follow the last segment."""
        return self.seconds - self.end > _LONGEST_REST

    @property
    def is_doubtful(self) -> bool:
        """Whether a wider search may well find something better."""
        unsure = any(s.avg_logprob < _UNSURE or s.compression_ratio > _LOOPED for s in self.segments)
        return unsure or (bool(self.segments) and self.stops_early)

    def written_in(self, language: str) -> list[Segment]:
        """Its segments with text, in times of the window; a loop says everything once."""
        segments: list[Segment] = []
        for raw in self.segments:
            looped = raw.compression_ratio > _LOOPED
            segment = _segment(raw, looped, self.seconds, language)
            repeats = looped and bool(segments) and segments[-1].text == segment.text
            if segment.text and not repeats:
                segments.append(segment)
        return segments


def _is_invented(segment: RawSegment) -> bool:
    """Whether there was nothing to hear: speech is not as improbable."""
    return segment.avg_logprob < _GARBAGE or (
        segment.no_speech_prob > _NO_SPEECH
        and (segment.avg_logprob < _UNSURE or segment.compression_ratio > _LOOPED)
    )


def _segment(raw: RawSegment, looped: bool, seconds: float, language: str) -> Segment:
    text = raw.text.strip()
    words = merge_pieces(Word(w.word, w.start, w.end) for w in raw.words or ())
    if looped and (shorter := without_loops(text)) != text:
        text, words = shorter, ()  # the words of a loop have no times worth giving
    if language in _CHINESE:
        text, words = full_width(text), tuple(replace(w, text=full_width(w.text)) for w in words)
    start, end = _within(raw.start, raw.end, seconds)
    return Segment(text, start, end, words_within(words, seconds))


def _within(start: float, end: float, seconds: float) -> tuple[float, float]:
    """Plain floats: the times of words come as NumPy's."""
    first = min(max(float(start), 0.0), seconds)
    return first, min(max(float(end), first), seconds)
