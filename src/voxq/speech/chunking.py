"""From stretches of speech to the chunks that a model is given, one call each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.spans import Span


@dataclass(frozen=True, slots=True)
class Chunking:
    """How VAD segments become chunks, in seconds: neighbours less than `max_gap` apart are joined up to
    `target`; nothing is longer than `maximum`."""

    maximum: float = 30.0
    target: float = 25.0
    max_gap: float = 3.0


class Chunker:
    """Joins the spans of one recording into chunks, as they come.

    A chunk goes from the start of its first span to the end of its last one, pauses included. Chunks are in
    order and apart from each other, and every sample of every span is in exactly one of them.
    """

    def __init__(self, chunking: Chunking) -> None:
        """Raises ValueError if `maximum` is not positive."""
        self._maximum = int(chunking.maximum * SAMPLE_RATE)
        self._target = min(int(chunking.target * SAMPLE_RATE), self._maximum)
        self._max_gap = int(chunking.max_gap * SAMPLE_RATE)
        if self._maximum < 1:
            raise ValueError("maximum must be positive")
        self._open: Span | None = None

    def push(self, spans: Iterable[Span]) -> list[Span]:
        """The next spans, in order and without overlap. Returns the chunks that are complete."""
        complete = []
        for span in spans:
            for piece in _pieces(span, self._maximum):
                if self._open is not None and self._fits(self._open, piece):
                    self._open = Span(self._open.start, piece.end)
                    continue
                if self._open is not None:
                    complete.append(self._open)
                self._open = piece
        return complete

    def flush(self) -> list[Span]:
        """The last chunk, if there is one."""
        last, self._open = self._open, None
        return [last] if last is not None else []

    def _fits(self, chunk: Span, span: Span) -> bool:
        return span.start - chunk.end < self._max_gap and span.end - chunk.start <= self._target


class EvenCutter:
    """Cuts all of one recording into pieces of `maximum` seconds as it comes.

    The last two share what is left, so that none of several is shorter than half of `maximum`. The pieces are
    the same whatever the sizes of the blocks.
    """

    def __init__(self, maximum: float) -> None:
        """Raises ValueError if `maximum` is not positive."""
        self._maximum = int(maximum * SAMPLE_RATE)
        if self._maximum < 1:
            raise ValueError("maximum must be positive")
        self._start = self._end = 0

    def push(self, samples: int) -> list[Span]:
        """So many more samples. Returns the pieces that are certain."""
        self._end += samples
        pieces = []
        while self._end - self._start >= 2 * self._maximum:
            pieces.append(Span(self._start, self._start + self._maximum))
            self._start += self._maximum
        return pieces

    def flush(self) -> list[Span]:
        """The rest: one piece, or two of the same length."""
        rest, self._start = Span(self._start, self._end), self._end
        return list(_pieces(rest, self._maximum))


def _pieces(span: Span, maximum: int) -> Iterator[Span]:
    """Equal parts, as few as `maximum` samples allow; none of nothing."""
    count = -(-len(span) // maximum)
    for part in range(count):
        yield Span(span.start + len(span) * part // count, span.start + len(span) * (part + 1) // count)
