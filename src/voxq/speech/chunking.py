"""Grouping of speech spans into chunks, each of which is one input of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.levels import loudness_of
from voxq.speech.spans import WINDOW, RestFinder, Span


@dataclass(frozen=True, slots=True)
class Chunking:
    """Limits for turning VAD spans into chunks, in seconds.

    Neighbouring spans less than `max_gap` apart are joined up to `target`; no chunk is longer than `maximum`.
    With `piece`, a chunk can be divided at rests into pieces of at most that length, each of which may go to
    the engine by itself.
    """

    maximum: float = 30.0
    target: float = 25.0
    max_gap: float = 3.0
    piece: float | None = None


class Chunker:
    """Joins the spans of one recording into chunks as they arrive.

    When there are too many spans for a chunk, it ends at the longest pause in the second half of `target`, if
    it can be divided into pieces; otherwise it is filled. A chunk reaches from the start of its first span to
    the end of its last one, pauses included. Chunks are in order and do not overlap, and every sample of
    every span is in exactly one of them.
    """

    def __init__(self, chunking: Chunking) -> None:
        """Raise ValueError if `maximum` is not positive."""
        self._maximum = int(chunking.maximum * SAMPLE_RATE)
        self._target = min(int(chunking.target * SAMPLE_RATE), self._maximum)
        self._max_gap = int(chunking.max_gap * SAMPLE_RATE)
        self._seeks_pause = chunking.piece is not None
        if self._maximum < 1:
            raise ValueError("maximum must be positive")
        self._open: list[Span] = []

    def push(self, spans: Iterable[Span]) -> list[Span]:
        """Add the next spans, in order and without overlap, and return the chunks that are complete."""
        complete = []
        for span in spans:
            for piece in _pieces(span, self._maximum):
                self._open.append(piece)
                while (count := self._first_chunk()) < len(self._open):
                    complete.append(self._taken(count))
        return complete

    def flush(self) -> list[Span]:
        """Return the last chunk, if there is one."""
        return [self._taken(len(self._open))] if self._open else []

    def _first_chunk(self) -> int:
        """Number of the open spans that make the next chunk, or all of them if more would fit."""
        start, pauses = self._open[0].start, []
        for count, (before, after) in enumerate(pairwise(self._open), start=1):
            pause = after.start - before.end
            if pause >= self._max_gap:
                return count
            pauses.append((pause if before.end - start >= self._target // 2 else -1, count))
            if after.end - start > self._target:
                return max(pauses)[1] if self._seeks_pause else count  # the latest of equal pauses
        return len(self._open)

    def _taken(self, count: int) -> Span:
        """Take the first spans out of the open ones, as a chunk."""
        chunk = Span(self._open[0].start, self._open[count - 1].end)
        del self._open[:count]
        return chunk


class QuietCutter:
    """Cuts the whole of one recording, silence included, into pieces of at most `maximum` seconds as it
    arrives, at the quietest places, so that few words are cut in two.

    No piece but an only one is shorter than a quarter of `maximum`. They do not depend on the sizes of the
    blocks.
    """

    def __init__(self, maximum: float) -> None:
        """Raise ValueError for a `maximum` of less than two seconds."""
        self._rests = RestFinder(maximum)
        self._maximum = int(maximum * SAMPLE_RATE)
        self._waiting: Samples | None = None
        self._start = self._end = 0

    def push(self, block: Samples) -> list[Span]:
        """Add the next samples, shape (n,), any n, and return the pieces that are final."""
        import numpy as np  # late: the families of engines are listed without it

        samples = block if self._waiting is None else np.concatenate((self._waiting, block))
        whole = len(samples) - len(samples) % WINDOW
        self._waiting = samples[whole:].copy()
        self._end += len(block)
        return [self._piece(place) for place in self._rests.push(loudness_of(samples[:whole], WINDOW))]

    def flush(self) -> list[Span]:
        """Return the remainder, as one piece or as several."""
        pieces: list[Span] = []
        if self._end - self._start > self._maximum and self._waiting is not None:
            places = [*self._rests.push(self._last_loudness()), *self._rests.flush()]
            pieces = [self._piece(place) for place in places]
        return [*pieces, self._piece(self._end)] if self._start < self._end else pieces

    def _last_loudness(self) -> Samples:
        """Loudness of the last window, which is filled with silence; none if nothing is left."""
        import numpy as np

        assert self._waiting is not None
        return loudness_of(np.pad(self._waiting, (0, -len(self._waiting) % WINDOW)), WINDOW)

    def _piece(self, end: int) -> Span:
        piece, self._start = Span(self._start, end), end
        return piece


def _pieces(span: Span, maximum: int) -> Iterator[Span]:
    """Split a span into as few equal parts of at most `maximum` samples as possible; none if it is empty."""
    count = -(-len(span) // maximum)
    for part in range(count):
        yield Span(span.start + len(span) * part // count, span.start + len(span) * (part + 1) // count)
