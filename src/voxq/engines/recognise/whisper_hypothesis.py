"""Result of one search of Whisper: whether it is credible, and its segments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from voxq.engines.recognise.whisper_text import full_width, merge_pieces, without_loops
from voxq.speech.transcript import Segment, Word, words_within

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment as RawSegment

_LONGEST_REST = 1.5
"""Maximum seconds of a chunk after its last segment: VAD ends a chunk close to its last word."""

# Measured with whisper-base on four kinds of x86-64 arithmetic (MKL and oneDNN, with AVX2 and AVX-512).
# The no-speech probability of one sound differs by up to 0.3 between them, and those of speech (0.02 to 0.68)
# and of other sounds (0.23 to 0.99) overlap. Less the mean log-probability they do not: speech that was heard
# right, in as much noise as voice, has 0.2 to 1.16; noise, tones and music have 1.36 to 2.8.
_INVENTED = 1.25
# The model is certain of a loop. Its no-speech probability is up to 0.48 for speech, at least 0.61 otherwise.
_LOOPED_OVER_NOTHING = 0.55
_UNSURE = -0.6
_LOOPED = 2.4

_CHINESE = ("zh", "yue")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decoding of one window of `seconds`, without invented text."""

    segments: tuple[RawSegment, ...]
    seconds: float

    @classmethod
    def of(cls, decoded: Iterable[RawSegment], seconds: float) -> Self:
        return cls(tuple(segment for segment in decoded if not _is_invented(segment)), seconds)

    @property
    def end(self) -> float:
        """End of the text in seconds; 0.0 without text."""
        return self.segments[-1].end if self.segments else 0.0

    @property
    def texts(self) -> list[str]:
        """Return the texts of its segments, in order, as Whisper wrote them."""
        return [segment.text for segment in self.segments]

    @property
    def stops_early(self) -> bool:
        """Whether speech, according to VAD, continues for seconds after the last segment."""
        return self.seconds - self.end > _LONGEST_REST

    @property
    def is_doubtful(self) -> bool:
        """Whether a wider search may give a better result."""
        unsure = any(s.avg_logprob < _UNSURE or s.compression_ratio > _LOOPED for s in self.segments)
        return unsure or (bool(self.segments) and self.stops_early)

    def written_in(self, language: str) -> list[Segment]:
        """Return its segments with text, with times within the window; repetitions in a loop are removed."""
        segments: list[Segment] = []
        for raw in self.segments:
            looped = raw.compression_ratio > _LOOPED
            segment = _segment(raw, looped, self.seconds, language)
            repeats = looped and bool(segments) and segments[-1].text == segment.text
            if segment.text and not repeats:
                segments.append(segment)
        return segments


def _is_invented(segment: RawSegment) -> bool:
    """Whether the text was invented for sound without speech, judging by the probabilities."""
    looped_over_nothing = (
        segment.compression_ratio > _LOOPED and segment.no_speech_prob > _LOOPED_OVER_NOTHING
    )
    return looped_over_nothing or segment.no_speech_prob - segment.avg_logprob > _INVENTED


def _segment(raw: RawSegment, looped: bool, seconds: float, language: str) -> Segment:
    text = raw.text.strip()
    words = merge_pieces(Word(w.word, w.start, w.end) for w in raw.words or ())
    if looped and (shorter := without_loops(text)) != text:
        text, words = shorter, ()  # the words of a loop have no useful times
    if language in _CHINESE:
        text, words = full_width(text), tuple(replace(w, text=full_width(w.text)) for w in words)
    start, end = _within(raw.start, raw.end, seconds)
    return Segment(text, start, end, words_within(words, seconds))


def _within(start: float, end: float, seconds: float) -> tuple[float, float]:
    """Limit times to the window and convert NumPy's numbers to plain floats."""
    first = min(max(float(start), 0.0), seconds)
    return first, min(max(float(end), first), seconds)
