"""Property tests of a recording's chunks: a state machine of all that a worker may do to them."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from voxq.kinds.pieces import Span
from voxq.speech.audio import SAMPLE_RATE
from voxq.worker.runs.chunks import Chunks

LENGTHS = [3, 1, 4, 1, 5, 9, 2, 6]
SPANS = [
    Span(sum(LENGTHS[:n]) * SAMPLE_RATE, sum(LENGTHS[: n + 1]) * SAMPLE_RATE) for n in range(len(LENGTHS))
]


def result(index: int) -> str:
    return f"chunk {index}"


class Life(RuleBasedStateMachine):
    """State machine that finds, joins, begins, loses and finishes chunks in any order, with restarted
    decodings."""

    running = Bundle("running")

    def __init__(self) -> None:
        super().__init__()
        self.chunks: Chunks[Span, str] = Chunks()
        self.found = 0
        self.in_engine: set[int] = set()
        self.finished: set[int] = set()
        self.counts: dict[int, int] = {}

    @property
    def parts(self) -> set[int]:
        """Pieces that have become a part of a chunk before them."""
        return {part for index, count in self.counts.items() for part in range(index + 1, index + count)}

    def span(self, index: int) -> Span:
        return Span(SPANS[index].start, SPANS[index + self.counts.get(index, 1) - 1].end)

    @precondition(lambda self: self.found < len(SPANS))
    @rule()
    def find(self) -> None:
        assert self.chunks.find(SPANS[self.found]) == self.found
        self.found += 1

    @rule()
    def start_over(self) -> None:
        self.chunks.start_over()
        self.found = 0

    @rule(index=st.integers(0, len(SPANS)), most=st.integers(2, 3))
    def join(self, index: int, most: int) -> None:
        count = self.chunks.neighbours(index, most)
        if count > 1 and not any(each in self.counts for each in range(index, index + count)):
            self.counts[index] = count
            self.chunks.join(index, count, self.span(index))

    @rule(target=running, most=st.integers(1, 4))
    def begin(self, most: int) -> list[int]:
        indices = self.chunks.waiting(most)
        self.chunks.begin(indices)
        self.in_engine.update(indices)
        return indices

    @rule(batch=consumes(running))
    def finish(self, batch: list[int]) -> None:
        for index in batch:
            self.chunks.finish(index, result(index))
        self.in_engine.difference_update(batch)
        self.finished.update(batch)

    @rule(batch=consumes(running), is_suspect=st.booleans())
    def lose(self, batch: list[int], is_suspect: bool) -> None:
        for index in batch:
            self.chunks.give_up(index)
            if is_suspect:
                self.chunks.suspect(index)
        self.in_engine.difference_update(batch)

    @invariant()
    def what_waits_is_what_is_found_and_nowhere_else(self) -> None:
        waiting = self.chunks.waiting(100)
        expected = set(range(self.found)) - self.parts - self.in_engine - self.finished
        suspects = {index for index in expected if self.chunks.is_suspect(index)}
        assert len(waiting) == len(set(waiting))
        assert set(waiting) - suspects == expected - suspects
        assert len(set(waiting) & suspects) == min(1, len(suspects)), "one suspect at a time"

    @invariant()
    def the_sums_agree(self) -> None:
        known = len(self.chunks)
        assert self.chunks.seconds_known == pytest.approx(sum(LENGTHS[:known]))
        assert self.chunks.seconds_done == pytest.approx(sum(self.span(i).seconds for i in self.finished))
        assert self.chunks.count_left == known - len(self.parts) - len(self.finished)
        is_finished = self.chunks.count_left == 0 and known == self.found
        assert self.chunks.are_finished == is_finished
        assert list(self.chunks.finished()) == [(self.span(i), result(i)) for i in sorted(self.finished)]
        over = self.finished | self.parts
        row = [i for i in sorted(self.finished) if over >= set(range(i))]
        assert list(self.chunks.finished_in_a_row()) == [(self.span(i), result(i)) for i in row]
        assert list(self.chunks.running) == [self.span(i) for i in sorted(self.in_engine)]


TestLife = Life.TestCase
