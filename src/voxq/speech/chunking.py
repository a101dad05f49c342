"""Grouping of speech spans into chunks, each of which is one input of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.spans import Span


@dataclass(frozen=True, slots=True)
class Chunking:
    """Limits for turning VAD spans into chunks, in seconds.

    Neighbouring spans less than `max_gap` apart are joined up to `target`; no chunk is longer than `maximum`.
    """

    maximum: float = 30.0
    target: float = 25.0
    max_gap: float = 3.0


class Chunker:
    """Joins the spans of one recording into chunks as they arrive.

    When there are too many spans for a chunk, it ends at the longest pause in the second half of `target`. A
    chunk reaches from the start of its first span to the end of its last one, pauses included. Chunks are
    in order and do not overlap, and every sample of every span is in exactly one of them.
    """

    def __init__(self, chunking: Chunking) -> None:
        """Raise ValueError if `maximum` is not positive."""
        self._maximum = int(chunking.maximum * SAMPLE_RATE)
        self._target = min(int(chunking.target * SAMPLE_RATE), self._maximum)
        self._max_gap = int(chunking.max_gap * SAMPLE_RATE)
        if self._maximum < 1:
            raise ValueError("maximum must be positive")
        self._open: list[Span] = []

    def push(self, spans: Iterable[Span]) -> list[Span]:
        """Add the next spans, in order and without overlap, and return the chunks that are complete."""
        complete = []
        for span in spans:
            for piece in _pieces(span, self._maximum):
                while self._open and not self._fits(piece):
                    complete.append(self._end_chunk(piece))
                self._open.append(piece)
        return complete

    def flush(self) -> list[Span]:
        """Return the last chunk, if there is one."""
        return [self._taken(len(self._open))] if self._open else []

    def _fits(self, piece: Span) -> bool:
        return self._is_near(piece) and piece.end - self._open[0].start <= self._target

    def _is_near(self, piece: Span) -> bool:
        return piece.start - self._open[-1].end < self._max_gap

    def _end_chunk(self, piece: Span) -> Span:
        """End the open chunk, into which `piece` does not fit, at its longest pause; the latest of equals."""
        spans = self._open
        if not self._is_near(piece):
            return self._taken(len(spans))
        pauses = {
            count: after.start - before.end
            for count, (before, after) in enumerate(pairwise([*spans, piece]), start=1)
            if before.end - spans[0].start >= self._target // 2 or count == len(spans)
        }
        return self._taken(max(pauses, key=lambda count: (pauses[count], count)))

    def _taken(self, count: int) -> Span:
        """Take the first spans out of the open ones, as a chunk."""
        chunk = Span(self._open[0].start, self._open[count - 1].end)
        del self._open[:count]
        return chunk


class EvenCutter:
    """Cuts the whole of one recording into pieces of `maximum` seconds as it arrives.

    The last two pieces share the remainder, so that none of several is shorter than half of `maximum`. The
    pieces do not depend on the sizes of the blocks.
    """

    def __init__(self, maximum: float) -> None:
        """Raise ValueError if `maximum`, in seconds, is not positive."""
        self._maximum = int(maximum * SAMPLE_RATE)
        if self._maximum < 1:
            raise ValueError("maximum must be positive")
        self._start = self._end = 0

    def push(self, samples: int) -> list[Span]:
        """Add `samples` more samples and return the pieces that are final."""
        self._end += samples
        pieces = []
        while self._end - self._start >= 2 * self._maximum:
            pieces.append(Span(self._start, self._start + self._maximum))
            self._start += self._maximum
        return pieces

    def flush(self) -> list[Span]:
        """Return the remainder as one piece or as two of equal length."""
        rest, self._start = Span(self._start, self._end), self._end
        return list(_pieces(rest, self._maximum))


def _pieces(span: Span, maximum: int) -> Iterator[Span]:
    """Split a span into as few equal parts of at most `maximum` samples as possible; none if it is empty."""
    count = -(-len(span) // maximum)
    for part in range(count):
        yield Span(span.start + len(span) * part // count, span.start + len(span) * (part + 1) // count)
