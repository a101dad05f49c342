"""Chunks of one task: found, waiting, in the engine, suspect, finished. No I/O."""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Sequence
from itertools import islice, takewhile
from typing import Generic, TypeVar

from voxq.engines.contract import Draft
from voxq.kinds.pieces import Piece

P = TypeVar("P", bound=Piece)
R = TypeVar("R")


class Chunks(Generic[P, R]):
    """State of the chunks of a task; mutable. A chunk is identified by its index, in order of time."""

    def __init__(self) -> None:
        self._pieces: list[P] = []
        self._found = 0  # in the preparation under way; the sound of these can be read
        self._waiting: list[int] = []
        self._running: set[int] = set()
        self._suspects: set[int] = set()
        self._results: dict[int, R] = {}
        self._joined: set[int] = set()  # pieces that have become part of the one before
        self._drafts: dict[int, Draft] = {}  # of chunks in the engine
        self.seconds_known = 0.0
        self._seconds_done = 0.0

    def __len__(self) -> int:
        return len(self._pieces)

    def __getitem__(self, index: int) -> P:
        return self._pieces[index]

    @property
    def seconds_done(self) -> float:
        """Seconds of the chunks that have a result, and of what is done of those in the engine, as far as
        that is known."""
        begun = (self._pieces[index].seconds * draft.share for index, draft in self._drafts.items())
        return self._seconds_done + sum(begun)

    def note(self, index: int, draft: Draft) -> None:
        """Note how far a chunk in the engine is."""
        if index in self._running:
            self._drafts[index] = draft

    @property
    def draft(self) -> str:
        """What is written of the first chunk without a result."""
        first = next((index for index in itertools.count() if index not in self._results), 0)
        draft = self._drafts.get(first)
        return draft.text if draft else ""

    @property
    def count_left(self) -> int:
        """Number of chunks without a result."""
        return len(self._pieces) - len(self._joined) - len(self._results)

    def result(self, index: int) -> R | None:
        """Result of a chunk; None while it has none."""
        return self._results.get(index)

    @property
    def are_finished(self) -> bool:
        """Whether all chunks that were ever found have a result."""
        return self.count_left == 0 and len(self._pieces) == self._found

    @property
    def running(self) -> Sequence[P]:
        return [self._pieces[index] for index in sorted(self._running)]

    @property
    def are_suspects_running(self) -> bool:
        """Whether chunks are in the engine, or about to be, and all of them are suspect."""
        return bool(self._running) and self._running <= self._suspects

    def find(self, piece: P) -> int:
        """Add the next chunk, and return its index. One that was known before the task was prepared anew
        keeps its state."""
        index = self._found
        self._found += 1
        if index == len(self._pieces):
            self._pieces.append(piece)
            self.seconds_known += piece.seconds
        if index not in self._results and index not in self._running and index not in self._joined:
            self._waiting.append(index)
        return index

    def join(self, index: int, count: int, whole: P) -> None:
        """Make one chunk, at the index of the first, of `count` neighbours that wait."""
        others = range(index + 1, index + count)
        self.seconds_known += whole.seconds - sum(each.seconds for each in self._pieces[index : others.stop])
        self._pieces[index] = whole
        self._joined.update(others)
        self._waiting = [other for other in self._waiting if other not in others]

    def neighbours(self, index: int, most: int) -> int:
        """Number of waiting chunks from this one on, at most `most`, with none between them that does not
        wait."""
        first = bisect_left(self._waiting, index)
        following = enumerate(self._waiting[first : first + most], start=index)
        return sum(1 for _ in takewhile(lambda each: each[0] == each[1], following))

    def start_over(self) -> None:
        """Make all chunks unreadable until they are found again, because the task is prepared anew."""
        self._found = 0
        self._waiting.clear()

    def is_found(self, index: int) -> bool:
        return index < self._found

    def suspect(self, index: int) -> None:
        """Mark a chunk that may be what made its batch fail."""
        self._suspects.add(index)

    def is_suspect(self, index: int) -> bool:
        return index in self._suspects

    def waiting(self, most: int) -> list[int]:
        """At most `most` chunks that could run now, and one suspect."""
        if not self._suspects:
            return self._waiting[:most]
        innocent = (index for index in self._waiting if index not in self._suspects)
        suspects = (index for index in self._waiting if index in self._suspects)
        return [*islice(innocent, most), *islice(suspects, 1)]

    @property
    def all_waiting(self) -> Sequence[int]:
        """All waiting chunks, including suspects."""
        return tuple(self._waiting)

    def begin(self, indices: Collection[int]) -> None:
        """Mark chunks as being in the engine."""
        self._running.update(indices)
        self._waiting = [index for index in self._waiting if index not in self._running]

    def give_up(self, index: int) -> None:
        """Let a chunk that comes back without a result wait again."""
        self._drafts.pop(index, None)
        if index in self._running:
            self._running.remove(index)
            if self.is_found(index):
                insort(self._waiting, index)

    def finish(self, index: int, result: R) -> None:
        """Record the result of a chunk, from the engine or from an earlier attempt."""
        self._running.discard(index)
        self._drafts.pop(index, None)
        self._suspects.discard(index)
        self._waiting = [other for other in self._waiting if other != index]
        if index not in self._results:
            self._results[index] = result
            self._seconds_done += self._pieces[index].seconds

    def forget(self, index: int) -> None:
        """Discard a lost result: the chunk is to be done again."""
        if self._results.pop(index, None) is not None:
            self._seconds_done -= self._pieces[index].seconds
            if self.is_found(index):
                insort(self._waiting, index)

    def finished(self) -> Iterator[tuple[P, R]]:
        """Iterate over the finished pieces, each with its result, in order."""
        for index in sorted(self._results):
            yield self._pieces[index], self._results[index]

    def finished_in_a_row(self) -> Iterator[tuple[P, R]]:
        """Iterate over the pieces before the first without a result, each with its own."""
        for index in itertools.count():
            if index in self._joined:
                continue
            if index not in self._results:
                return
            yield self._pieces[index], self._results[index]
