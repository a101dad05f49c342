"""Grouping of speech spans into chunks, each of which is one input of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.spans import Span


@dataclass(frozen=True, slots=True)
class Chunking:
    """Limits for turning VAD spans into chunks, in seconds.

    Neighbouring spans less than `max_gap` apart are joined up to `target`; no chunk is longer than `maximum`.
    With `piece`, the recording is cut into pieces of at most that length, and it is decided when they go to
    the engine whether one is a chunk of its own or a part of a longer one.
    """

    maximum: float = 30.0
    target: float = 25.0
    max_gap: float = 3.0
    piece: float | None = None

    @property
    def of_pieces(self) -> Chunking:
        """Limits for the pieces."""
        if self.piece is None:
            return self
        return replace(self, maximum=min(self.maximum, self.piece), target=min(self.target, self.piece))


class Stretch(Protocol):
    """Samples from `start` up to `end`."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


def first_chunk(stretches: Sequence[Stretch], chunking: Chunking) -> int:
    """Number of the stretches of sound, from the first on, that make the next chunk.

    They are in order and do not overlap. As many are taken as fit; if more follow closely, the chunk ends at
    the longest pause in the second half of the target, the latest of equals.
    """
    target, max_gap = int(chunking.target * SAMPLE_RATE), int(chunking.max_gap * SAMPLE_RATE)
    start, pauses = stretches[0].start, []
    for before, after in pairwise(stretches):
        pause = after.start - before.end
        if pause >= max_gap:
            return len(pauses) + 1
        pauses.append((pause if before.end - start >= target // 2 else -1, len(pauses) + 1))
        if after.end - start > target:
            return max(pauses)[1]
    return len(stretches)


class Chunker:
    """Joins the spans of one recording into chunks as they arrive.

    See `first_chunk`. A chunk reaches from the start of its first span to the end of its last one, pauses
    included. Chunks are in order and do not overlap, and every sample of every span is in exactly one of
    them.
    """

    def __init__(self, chunking: Chunking) -> None:
        """Raise ValueError if `maximum` is not positive."""
        self._maximum = int(chunking.maximum * SAMPLE_RATE)
        if self._maximum < 1:
            raise ValueError("maximum must be positive")
        self._chunking = replace(chunking, target=min(chunking.target, chunking.maximum))
        self._open: list[Span] = []

    def push(self, spans: Iterable[Span]) -> list[Span]:
        """Add the next spans, in order and without overlap, and return the chunks that are complete."""
        complete = []
        for span in spans:
            for piece in _pieces(span, self._maximum):
                self._open.append(piece)
                while (count := first_chunk(self._open, self._chunking)) < len(self._open):
                    complete.append(self._taken(count))
        return complete

    def flush(self) -> list[Span]:
        """Return the last chunk, if there is one."""
        return [self._taken(len(self._open))] if self._open else []

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
