"""Conversion of speech probabilities to spans of speech."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voxq.speech.audio import SAMPLE_RATE

WINDOW = 512
"""Samples per probability: 32 ms."""

_ONSET = 0.5
"""Speech begins at a window of at least this probability."""
_RELEASE = 0.35
"""Speech goes on until a window is below this probability."""
_MIN_SPEECH = 5 * WINDOW
"""160 ms in samples; anything shorter is a click or noise. The shortest words have seven windows."""
_PAD = SAMPLE_RATE * 3 // 10
"""Samples kept on both sides, because soft consonants at the edges of words have low probabilities."""
_MIN_SILENCE = 2 * _PAD
"""Samples; a shorter pause does not end a span. Twice the padding, so that padded spans cannot overlap."""
_EDGE = SAMPLE_RATE * 3 // 20
"""Samples at the ends of a recording that stay with its speech: too few for anything else, and models hear
a short note best as a whole."""
_REACH = 8
"""Windows on both sides of a place that say how deep a rest is there."""
_SHORTEST_MAXIMUM = 2.0


@dataclass(frozen=True, slots=True)
class Span:
    """Samples from `start` up to, but not including, `end`, at 16 kHz."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(slots=True)
class _Speech:
    """The open span: its start, the start and end of the speech in it, and the loudness of each window."""

    start: int
    first: int
    end: int
    loudness: list[float]
    is_continuation: bool = False


class SpanFinder:
    """Turns a stream of windows into padded spans, in order and none longer than `maximum` seconds.

    Speech without a pause is cut at the deepest rest in the second half of the allowed length: where it is
    quiet for longest, as between two sentences, rather than at the quietest sound within a word.
    """

    def __init__(self, maximum: float) -> None:
        """Raise ValueError for a `maximum` of less than two seconds."""
        if not maximum >= _SHORTEST_MAXIMUM:
            raise ValueError(f"maximum must be at least {_SHORTEST_MAXIMUM} s")
        self._maximum = int(maximum * SAMPLE_RATE)
        self._position = 0
        self._given = 0
        self._speaking = False
        self._open: _Speech | None = None

    def push(self, windows: Iterable[tuple[float, float]]) -> list[Span]:
        """Add the next windows as (probability, loudness) and return the spans that ended with them.

        Loudness may have any unit; it decides only where long speech is cut.
        """
        spans = []
        for probability, loudness in windows:
            span = self._step(probability, loudness)
            if span is not None:
                spans.append(span)
        return spans

    def finish(self, total: int) -> list[Span]:
        """Return the span still open at the end of a recording of `total` samples, if there is one."""
        speech, self._open = self._open, None
        span = self._closed(speech, total) if speech else None
        return [span] if span else []

    def _step(self, probability: float, loudness: float) -> Span | None:
        start, end = self._position, self._position + WINDOW
        self._position = end
        if probability >= _ONSET:
            self._speaking = True
        elif probability < _RELEASE:
            self._speaking = False
        speech = self._open
        if speech is None:
            if self._speaking:
                first = start - _PAD if start - _PAD > _EDGE else 0
                self._open = _Speech(max(self._given, first), start, end, [loudness])
            return None
        speech.loudness.append(loudness)
        if self._speaking:
            speech.end = end
            return self._cut(speech) if end + _PAD - speech.start > self._maximum else None
        if end - speech.end < _MIN_SILENCE:
            return None
        self._open = None
        return self._closed(speech, end)

    def _closed(self, speech: _Speech, total: int) -> Span | None:
        if speech.end - speech.first < _MIN_SPEECH and not speech.is_continuation:
            return None
        last = min(speech.end + _PAD, total)
        if total - last <= _EDGE and total - speech.start <= self._maximum:
            last = total
        return self._give(speech.start, last)

    def _cut(self, speech: _Speech) -> Span | None:
        first_candidate = (speech.start + self._maximum // 2 - speech.first) // WINDOW
        deepest = _deepest_rest(speech.loudness[:-1], first_candidate)
        place = speech.first + deepest * WINDOW + WINDOW // 2
        rest = speech.loudness[deepest + 1 :]
        self._open = _Speech(place, place + WINDOW // 2, speech.end, rest, is_continuation=True)
        return self._give(speech.start, place)

    def _give(self, start: int, end: int) -> Span | None:
        self._given = end
        return Span(start, end) if start < end else None


class RestFinder:
    """Finds the deepest rests of a sound as it arrives, which divide it into pieces of at most `maximum`
    seconds, none shorter than a quarter of that."""

    def __init__(self, maximum: float) -> None:
        """Raise ValueError for a `maximum` of less than two seconds."""
        if not maximum >= _SHORTEST_MAXIMUM:
            raise ValueError(f"maximum must be at least {_SHORTEST_MAXIMUM} s")
        self._longest = int(maximum * SAMPLE_RATE) // WINDOW
        self._first = 0
        self._loudness: list[float] = []
        """Of the windows from the `_first` on."""

    def push(self, loudness: Iterable[float]) -> list[int]:
        """Add the loudness of the next windows, in any unit, and return the places, in samples, that are
        final."""
        self._loudness.extend(loudness)
        return self._places(self._longest + self._longest // 4)

    def flush(self) -> list[int]:
        """Return the places that are left at the end of the sound."""
        return self._places(self._longest + 1)

    def _places(self, least: int) -> list[int]:
        """Divide what there is as long as it has at least so many windows."""
        places: list[int] = []
        while (left := len(self._loudness)) >= least:
            last = min(self._longest, left - self._longest // 4)
            deepest = _deepest_rest(self._loudness[:last], self._longest // 2)
            self._first += deepest
            del self._loudness[:deepest]
            places.append(self._first * WINDOW + WINDOW // 2)
        return places


def rests_within(span: Span, loudness: Sequence[float], maximum: float) -> list[int]:
    """Places, in samples, that divide a span at its deepest rests into pieces of at most `maximum` seconds.

    No piece is shorter than a quarter of that. `loudness`: of the span's windows, from `span.start` on.
    """
    finder = RestFinder(maximum)
    return [span.start + place for place in (*finder.push(loudness), *finder.flush())]


def _deepest_rest(loudness: Sequence[float], first: int) -> int:
    """Window at the middle of the deepest rest, at `first` or later.

    Around each window half a second is weighed, most of all the middle, so that a long rest is deeper than a
    short one. The last windows, whose rest may go on, are left out if there are others.
    """
    import numpy as np  # late, because most processes cut nothing

    reach = min(_REACH, max(0, (len(loudness) - first - 1) // 2))
    weights = np.hanning(2 * reach + 3)[1:-1]
    around = np.asarray(loudness[max(0, first - reach) :])
    padded = np.pad(around, (max(0, reach - first), 0), mode="edge")
    return first + int(np.convolve(padded, weights, "valid").argmin())
