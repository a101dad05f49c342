"""What befalls engines, and what becomes of the batches that were in them; see `blame` for who pays.

Only the batch in hand is suspect: what waited behind it goes back into the line.
"""

from __future__ import annotations

from collections.abc import Callable

from loguru import logger

from voxq.engines.base import ChunkError
from voxq.metrics import catalogue
from voxq.metrics.counters import Counters
from voxq.worker.engine.time_limits import TimeLimits
from voxq.worker.flow.blame import Blame
from voxq.worker.flow.departures import Departures
from voxq.worker.held.assignments import Assignments
from voxq.worker.held.batch import Batch
from voxq.worker.models.horse_link import HorseFailed
from voxq.worker.models.stable import Stable
from voxq.worker.models.stall import Stall


class Accidents:
    """Of one worker's horses."""

    def __init__(
        self,
        assignments: Assignments,
        stable: Stable,
        limits: TimeLimits,
        departures: Departures,
        blame: Blame,
        counters: Counters,
        changed: Callable[[], None],
        worker_id: int,
    ) -> None:
        """`changed` is called when a horse has ended."""
        self._assignments = assignments
        self._stable = stable
        self._limits = limits
        self._departures = departures
        self._blame = blame
        self._counters = counters
        self._changed = changed
        self._worker_id = worker_id

    def put_back(self, batch: Batch) -> None:
        """Its chunks have no result, and wait again."""
        for member in batch.members:
            member.assignment.chunks.give_up(member.index)
        for assignment in batch.assignments:
            if assignment in self._assignments:
                assignment.mark_running()

    def on_horse_failed(
        self,
        stall: Stall,
        failure: HorseFailed,
        code: str = "engine_crashed",
        message: str = "The engine crashed on this {}.",
    ) -> None:
        """`message` with a place for what the batch was about."""
        for batch in stall.horse.take_back():
            self.put_back(batch)
        logger.error(
            "Worker-{} model={} the engine ended: {}",
            self._worker_id,
            stall.name,
            stall.horse.error or failure,
        )
        if failure.batch is not None:
            self.put_back(failure.batch)
            self._counters.add(catalogue.ENGINE_DEATHS, stall.name, code)
            self._blame.accuse(failure.batch, code, message.format(failure.batch.assignments[0].subject))
        self._changed()

    @property
    def deadline(self) -> float:
        """When `enforce_deadlines` has something to do next (monotonic clock)."""
        return min(stall.horse.deadline for stall in self._stable)

    def enforce_deadlines(self) -> None:
        """Kill horses that are late: a batch hangs in native code, its tasks are over their limit, or a model
        does not load."""
        for stall in self._stable:
            if stall.horse.is_late:
                self._end_late(stall)

    def pardon(self) -> None:
        """An operator ends the horses: nobody is blamed."""
        for stall in self._stable:
            if stall.is_present:
                failure = self._stable.end_horse(stall)
                if failure.batch is not None:
                    self.put_back(failure.batch)
                self.on_horse_failed(stall, HorseFailed(str(failure)))

    def find_memory(self, stall: Stall, batch: Batch, error: ChunkError) -> bool:
        """Memory ran out. True if another try makes sense: with smaller batches, or with fewer models beside
        it; nobody is blamed then."""
        self._stable.tally.out_of_memory += 1
        self._counters.add(catalogue.OUT_OF_MEMORY, stall.name)
        (assignment, *_) = batch.assignments
        if len(batch.members) > 1:
            stall.shrink(batch)
            logger.warning(
                "Worker-{} model={} out of memory: batches of at most {:.1f} s from now on",
                self._worker_id,
                stall.name,
                stall.limits.padded_seconds,
            )
        elif not assignment.had_room and self._stable.make_room(stall):
            assignment.had_room = True
        else:
            return False
        self._blame.excuse(batch.assignments, error.code, error.message)
        return True

    def _end_late(self, stall: Stall) -> None:
        ran = stall.horse.running_for()
        failure = self._stable.end_horse(stall)
        if failure.batch is not None and len(failure.batch.assignments) == 1:
            (assignment,) = failure.batch.assignments
            assignment.engine_seconds += ran
            if self._limits.is_over(assignment) and assignment in self._assignments:
                self._departures.time_out(assignment, self._limits.of(assignment))
        self.on_horse_failed(stall, failure, "engine_hung", "The engine hung on this {} and was stopped.")
