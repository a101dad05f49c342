"""The chunks of one recording: which are found, waiting, in the engine, suspect, finished. No I/O."""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from voxq.engines.base import ChunkResult
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.transcript import Segment


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk of the decoded sound, in samples."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / SAMPLE_RATE


class Chunks:
    """Mutable. A chunk is named by its index, in order of time."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._found = 0  # by the decoding under way; the sound of these can be read
        self._waiting: list[int] = []
        self._running: set[int] = set()
        self._suspects: set[int] = set()
        self._segments: dict[int, tuple[Segment, ...]] = {}
        self.language: str | None = None
        """Of the first speech with a result."""
        self.seconds_known = 0.0
        self.seconds_done = 0.0

    def __len__(self) -> int:
        return len(self._spans)

    def __getitem__(self, index: int) -> Span:
        return self._spans[index]

    @property
    def count_left(self) -> int:
        """How many have no result."""
        return len(self._spans) - len(self._segments)

    @property
    def are_finished(self) -> bool:
        """Whether all that were ever found have a result."""
        return not self.count_left and self._found == len(self._spans)

    @property
    def running(self) -> Sequence[Span]:
        return [self._spans[index] for index in sorted(self._running)]

    def find(self, span: Span) -> int:
        """Add the next one, and return its index. One that was known before the recording was decoded anew
        keeps what is known of it."""
        index = self._found
        self._found += 1
        if index == len(self._spans):
            self._spans.append(span)
            self.seconds_known += span.seconds
        if index not in self._segments and index not in self._running:
            self._waiting.append(index)
        return index

    def start_over(self) -> None:
        """The recording is decoded anew: no sound can be read until it is found again."""
        self._found = 0
        self._waiting.clear()

    def is_found(self, index: int) -> bool:
        return index < self._found

    def suspect(self, index: int) -> None:
        """It may be what made its batch fail."""
        self._suspects.add(index)

    def is_suspect(self, index: int) -> bool:
        return index in self._suspects

    def waiting(self, most: int) -> list[int]:
        """At most so many that could run now, and one suspect."""
        if not self._suspects:
            return self._waiting[:most]
        innocent = (index for index in self._waiting if index not in self._suspects)
        suspects = (index for index in self._waiting if index in self._suspects)
        return [*islice(innocent, most), *islice(suspects, 1)]

    @property
    def all_waiting(self) -> Sequence[int]:
        """Suspects, too."""
        return tuple(self._waiting)

    def begin(self, indices: Collection[int]) -> None:
        """They go to the engine."""
        self._running.update(indices)
        self._waiting = [index for index in self._waiting if index not in self._running]

    def give_up(self, index: int) -> None:
        """It comes back without a result."""
        if index in self._running:
            self._running.remove(index)
            if self.is_found(index):
                insort(self._waiting, index)

    def finish(self, index: int, result: ChunkResult) -> None:
        """It has its result, by the engine or from an earlier attempt."""
        self._running.discard(index)
        self._suspects.discard(index)
        self._waiting = [other for other in self._waiting if other != index]
        if index in self._segments:
            return
        span = self._spans[index]
        self._segments[index] = tuple(s.shifted(span.start / SAMPLE_RATE) for s in result.segments)
        self.seconds_done += span.seconds
        self.language = self.language or result.language

    def segments(self) -> Iterator[Segment]:
        """What has been recognised so far, timed from the start of the recording."""
        for index in sorted(self._segments):
            yield from self._segments[index]
