"""Result of one search of Whisper: whether it is credible, and its segments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from voxq.engines.recognise.whisper_text import full_width, merge_pieces, repeats_itself, without_loops
from voxq.speech.transcript import Dropped, Segment, Word, words_within

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment as RawSegment

Voiced = Callable[[float, float], bool]
"""Function that says whether a voice is heard from one time to another, in seconds."""

_LONGEST_REST = 1.5
"""Maximum seconds of a chunk after its last segment: VAD ends a chunk close to its last word."""

# A text is doubted by its no-speech probability less its mean log-probability, measured with whisper-base on
# four kinds of x86-64 arithmetic (MKL and oneDNN, with AVX2 and AVX-512), up to 0.3 apart, and on 190 clips
# of speech and 100 of other sounds (see scripts/bench/hearing.py). Noise, tones and music have 1.36 to 2.8;
# sentences, in as much noise as voice, 0.2 to 1.16; single words that are heard right, up to 1.52. So the VAD
# is asked about what is doubted: it hears a voice in a third of such a word, in under 5 % of other sounds.
# The few sounds in which it hears more have at least 2.13.
_DOUBTED = 1.2
_UNBELIEVABLE = 1.8
# The model is certain of a loop. Its no-speech probability is at least 0.54 for sounds without speech.
_LOOPED_OVER_NOTHING = 0.45
_UNSURE = -0.6
_LOOPED = 2.4
"""Compression ratio of a text that repeats itself."""
_LOOP_LENGTH = 30
"""Minimum characters of a loop; people do say "no no no no"."""

# In a window of less than 30 s, on 320 clips (see scripts/bench/windows.py).
_SURE = -0.55
_SURELY_NOT_LOOPED = 2.0

_CHINESE = ("zh", "yue")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decoding of one window of `seconds`: the text, and apart from it what was `invented`."""

    segments: tuple[RawSegment, ...]
    seconds: float
    invented: tuple[RawSegment, ...] = ()

    @classmethod
    def of(cls, decoded: Iterable[RawSegment], seconds: float, is_voiced: Voiced) -> Self:
        """Tell from each other what is to be believed and what was invented."""
        believed: list[RawSegment] = []
        invented: list[RawSegment] = []
        for segment in decoded:
            (invented if _is_invented(segment, is_voiced) else believed).append(segment)
        return cls(tuple(believed), seconds, tuple(invented))

    @property
    def end(self) -> float:
        """End of the text in seconds; 0.0 without text."""
        return self.segments[-1].end if self.segments else 0.0

    @property
    def texts(self) -> list[str]:
        """Texts of its segments, in order, as Whisper wrote them."""
        return [segment.text for segment in self.segments]

    @property
    def stops_early(self) -> bool:
        """Whether speech, according to VAD, continues for seconds after the last segment."""
        return self.seconds - self.end > _LONGEST_REST

    @property
    def is_doubtful(self) -> bool:
        """Whether a wider search may give a better result."""
        unsure = any(s.avg_logprob < _UNSURE or _is_looped(s) for s in self.segments)
        return unsure or (bool(self.segments) and self.stops_early)

    @property
    def is_certain(self) -> bool:
        """Whether it can be believed even from a window shorter than 30 s, in which repetitions and
        inventions are likelier."""
        unsure = any(s.avg_logprob < _SURE or s.compression_ratio > _SURELY_NOT_LOOPED for s in self.segments)
        return (
            bool(self.segments)
            and not self.invented
            and not self.is_doubtful
            and not unsure
            and not repeats_itself("".join(self.texts))
        )

    @property
    def dropped(self) -> list[Dropped]:
        """Texts that were invented."""
        return _dropped(self.invented, self.seconds, "no_speech")

    def given_up(self, why: str) -> list[Dropped]:
        """Return its text as dropped."""
        return _dropped(self.segments, self.seconds, why)

    def written_in(self, language: str) -> tuple[list[Segment], list[Dropped]]:
        """Return its segments with text, with times within the window, and the text of loops from which
        repetitions were removed."""
        segments: list[Segment] = []
        loops: list[RawSegment] = []
        for raw in self.segments:
            segment, is_shorter = _segment(raw, self.seconds, language)
            repeats = _is_looped(raw) and bool(segments) and segments[-1].text == segment.text
            if is_shorter or repeats:
                loops.append(raw)
            if segment.text and not repeats:
                segments.append(segment)
        return segments, _dropped(loops, self.seconds, "repeated")


def _is_invented(segment: RawSegment, is_voiced: Voiced) -> bool:
    """Whether the text was invented for sound without speech: the model doubts it, and there is no voice."""
    doubt = segment.no_speech_prob - segment.avg_logprob
    loops = segment.compression_ratio > _LOOPED and segment.no_speech_prob > _LOOPED_OVER_NOTHING
    if doubt <= _DOUBTED and not loops:
        return False
    return doubt > _UNBELIEVABLE or not is_voiced(float(segment.start), float(segment.end))


def _is_looped(segment: RawSegment) -> bool:
    """Whether the text repeats itself as nobody does."""
    repeated = len(segment.text) - len(without_loops(segment.text))
    return segment.compression_ratio > _LOOPED or repeated > _LOOP_LENGTH


def _segment(raw: RawSegment, seconds: float, language: str) -> tuple[Segment, bool]:
    """Convert a segment, and say whether it was shortened."""
    text = raw.text.strip()
    words = merge_pieces(Word(w.word, w.start, w.end) for w in raw.words or ())
    shorter = without_loops(text) if _is_looped(raw) else text
    is_shorter = shorter != text
    if is_shorter:
        text, words = shorter, ()  # the words of a loop have no useful times
    if language in _CHINESE:
        text, words = full_width(text), tuple(replace(w, text=full_width(w.text)) for w in words)
    start, end = _within(raw.start, raw.end, seconds)
    return Segment(text, start, end, words_within(words, seconds)), is_shorter


def _dropped(segments: Iterable[RawSegment], seconds: float, why: str) -> list[Dropped]:
    return [Dropped(s.text.strip(), *_within(s.start, s.end, seconds), why) for s in segments]


def _within(start: float, end: float, seconds: float) -> tuple[float, float]:
    """Limit times to the window and convert NumPy's numbers to plain floats."""
    first = min(max(float(start), 0.0), seconds)
    return first, min(max(float(end), first), seconds)
