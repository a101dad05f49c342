"""The engine at work: chunks into batches, results and errors back to their tasks, blame when it dies.

Only the batch in hand is suspect when a horse ends. Alone in it, a task is blamed, and fails after
`MAX_ATTEMPTS` blames; in company all become suspects, which run alone, after the others, until it is clear
who did it. What waited behind the batch, and whoever was merely near, is never charged.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Protocol

from loguru import logger

from voxq import killpoint
from voxq.engines.base import ChunkError, ChunkResult
from voxq.settings import Settings
from voxq.tasks.outcome import Incident
from voxq.worker import horse_protocol as protocol
from voxq.worker.assignment import Assignment
from voxq.worker.batch import Batch, Member
from voxq.worker.horse_link import HorseFailed, HorseLink
from voxq.worker.plan import WorkPlan
from voxq.worker.poller import Poller
from voxq.worker.scheduler import BatchLimits, WaitingChunk, choose, predict
from voxq.worker.usage import OwnerUse


class Desk(Protocol):
    """Who holds the tasks and hears how they get on."""

    def assignments(self) -> Iterable[Assignment]: ...

    def holds(self, assignment: Assignment) -> bool: ...

    def advanced(self, assignment: Assignment) -> None:
        """One of its batches has ended well: complete, or further than before."""
        ...

    def timed_out(self, assignment: Assignment) -> None: ...

    def failed(self, assignment: Assignment, code: str, error: str) -> None: ...

    def engine_changed(self) -> None:
        """It was loaded, or it ended."""
        ...


class EngineRoom:
    """Feeds one horse. Times are on the monotonic clock."""

    def __init__(
        self, horse: HorseLink, plan: WorkPlan, settings: Settings, poller: Poller, desk: Desk, worker_id: int
    ) -> None:
        self._horse = horse
        self._plan = plan
        self._timeout = settings.rq_worker_timeout
        self._max_attempts = settings.max_attempts
        self._batch_seconds = settings.max_batch_ms / 1000
        self._padded_seconds = settings.asr_batch_size
        self._max_items = plan.traits.max_items
        self._poller = poller
        self._desk = desk
        self._worker_id = worker_id
        self._use = OwnerUse()
        self._batch_numbers = count(1)

    @property
    def horse(self) -> HorseLink:
        return self._horse

    def ensure_horse(self) -> None:
        if self._horse.ensure_started() and self._horse.child is not None:
            self._poller.watch(self._horse.child.fileno(), self._on_message)

    def feed(self) -> None:
        """Give the horse batches while it has room."""
        while self._horse.has_room:
            chosen = choose(list(self._waiting()), self._horse.cost, self._limits())
            if not chosen:
                return
            assignments = {assignment.task.id: assignment for assignment in self._desk.assignments()}
            members = tuple(Member(assignments[chunk.task_id], chunk.index) for chunk in chosen)
            predicted = predict(self._horse.cost, self._limits(), chosen)
            batch = Batch(str(next(self._batch_numbers)), members, predicted)
            ahead = self._horse.next_batch
            if ahead is not None and (batch.has_suspect or ahead.has_suspect):
                return  # a suspect has the horse to itself
            self._give(batch)

    @property
    def deadline(self) -> float:
        return self._horse.deadline

    def enforce_deadline(self) -> None:
        """Kill a horse that is late: its batch hangs in native code, or a task is over its limit."""
        if time.monotonic() < self._horse.deadline:
            return
        batch, ran = self._horse.next_batch, self._horse.running_for()
        failure = self._end_horse()
        for assignment in batch.assignments if batch is not None and ran else ():
            if assignment.engine_seconds + ran >= self._timeout and self._desk.holds(assignment):
                self._desk.timed_out(assignment)
        self._on_horse_failed(failure, "engine_hung", "The engine hung on this recording and was stopped.")

    def pardon(self) -> None:
        """An operator ends the horse: nobody is blamed."""
        failure = self._end_horse()
        if failure.batch is not None:
            self._return(failure.batch)
        self._on_horse_failed(HorseFailed(str(failure)))

    def close(self) -> None:
        self._end_horse()

    def blame(self, assignment: Assignment, code: str, message: str) -> None:
        """The task did it. It is tried again, alone, or fails for good."""
        assignment.add_incident(Incident(time.time(), code, message), blamed=True)
        assignment.directory.clear()
        if assignment.blames >= self._max_attempts:
            self._desk.failed(assignment, code, f"{message} Given up after {assignment.blames} attempts.")
            return
        assignment.is_suspect = True
        logger.warning(
            "Worker-{} task={} attempt={} code={}",
            self._worker_id,
            assignment.task.short_id,
            assignment.blames,
            code,
        )

    def _give(self, batch: Batch) -> None:
        for member in batch.members:
            member.assignment.begin(member.index)
        for assignment in batch.assignments:
            assignment.directory.suspect()  # on disk before the engine sees it: a parent can die, too
        try:
            self._horse.give(batch)
        except HorseFailed as failure:
            self._on_horse_failed(failure)

    def _waiting(self) -> Iterator[WaitingChunk]:
        now = time.monotonic()
        for assignment in self._desk.assignments():
            task = assignment.task
            key = self._plan.traits.batch_key(assignment.options)
            for index in assignment.ready(language_first=self._plan.traits.detects_language):
                yield WaitingChunk(
                    task_id=task.id,
                    index=index,
                    seconds=assignment.span(index).seconds,
                    key=key,
                    lane=task.lane,
                    waiting_since=assignment.last_served,
                    remaining=self._horse.cost.per_second * assignment.seconds_left,
                    owner_use=self._use.of(task.owner, now),
                    is_suspect=assignment.is_suspect,
                    batch_seconds=task.options.batch_size or float("inf"),
                )

    def _limits(self) -> BatchLimits:
        return BatchLimits(
            seconds=self._batch_seconds,
            padded_seconds=self._padded_seconds,
            items=self._max_items,
            padded_to=self._plan.traits.padded_to,
        )

    def _on_message(self) -> None:
        descriptor = self._horse.child.fileno() if self._horse.child else -1
        was_ready = self._horse.is_ready
        try:
            finished = self._horse.receive(self._allowed_seconds())
        except HorseFailed as failure:
            self._poller.unwatch(descriptor)
            self._on_horse_failed(failure)
            return
        if self._horse.is_ready and not was_ready:
            self._desk.engine_changed()
        if finished is not None:
            self._on_finished(*finished)

    def _allowed_seconds(self) -> float:
        """What the next batch may take before one of its tasks is over its limit."""
        batch = self._horse.next_batch
        used = (assignment.engine_seconds for assignment in batch.assignments) if batch else ()
        return self._timeout - max(used, default=0.0)

    def _on_finished(self, batch: Batch, finished: protocol.Finished) -> None:
        self._charge(batch, finished.seconds)
        for assignment in batch.assignments:
            assignment.directory.clear()
        if finished.batch_failed or len(finished.items) != len(batch.members):
            errors = (item for item in finished.items if isinstance(item, ChunkError))
            error = next(errors, ChunkError("engine_error", "The engine lost count of its chunks."))
            self._accuse(batch, error.code, error.message)
            return
        for member, item in zip(batch.members, finished.items, strict=True):
            if not self._desk.holds(member.assignment):
                continue  # cancelled meanwhile
            if isinstance(item, ChunkResult):
                member.assignment.finish(member.index, item, self._revision)
                member.assignment.is_suspect = False
                killpoint.reached("W3")
            elif item.code == "audio_unavailable" and member.assignment.prepared is None:
                member.assignment.give_up(member.index)  # it is being decoded anew
            else:
                self._on_chunk_error(batch, member, item)
        for assignment in batch.assignments:
            if self._desk.holds(assignment):
                self._after_batch(assignment)

    def _charge(self, batch: Batch, seconds: float) -> None:
        now = time.monotonic()
        for member in batch.members:
            share = seconds * batch.share(member)
            member.assignment.engine_seconds += share
            member.assignment.last_served = now
            self._use.add(member.assignment.task.owner, share, now)

    def _after_batch(self, assignment: Assignment) -> None:
        if assignment.engine_seconds >= self._timeout and not assignment.is_complete:
            self._desk.timed_out(assignment)
        else:
            self._desk.advanced(assignment)

    def _on_chunk_error(self, batch: Batch, member: Member, error: ChunkError) -> None:
        """One chunk's error is its task's alone; running out of memory is its batch's."""
        member.assignment.give_up(member.index)
        if error.code == "out_of_memory" and len(batch.members) > 1:
            self._shrink_batches(len(batch.members))
            member.assignment.add_incident(Incident(time.time(), error.code, error.message), blamed=False)
        else:
            self.blame(member.assignment, error.code, error.message)

    def _shrink_batches(self, size: int) -> None:
        smaller = max(1, size // 2)
        if smaller < self._max_items:
            self._max_items = smaller
            logger.warning("Worker-{} out of memory: batches of {} from now on", self._worker_id, smaller)

    def _accuse(self, batch: Batch, code: str, message: str) -> None:
        """The batch failed as a whole: one of them did it."""
        self._return(batch)
        if code == "out_of_memory" and len(batch.members) > 1:
            self._shrink_batches(len(batch.members))
        held = [assignment for assignment in batch.assignments if self._desk.holds(assignment)]
        if len(batch.assignments) == 1:
            for assignment in held:
                self.blame(assignment, code, message)
            return
        for assignment in held:
            assignment.is_suspect = True
            assignment.add_incident(Incident(time.time(), code, message), blamed=False)

    @staticmethod
    def _return(batch: Batch) -> None:
        for member in batch.members:
            member.assignment.give_up(member.index)
        for assignment in batch.assignments:
            assignment.directory.clear()

    def _end_horse(self) -> HorseFailed:
        if self._horse.child is not None:
            self._poller.unwatch(self._horse.child.fileno())
        return self._horse.kill()

    def _on_horse_failed(
        self,
        failure: HorseFailed,
        code: str = "engine_crashed",
        message: str = "The engine crashed on this recording.",
    ) -> None:
        for batch in self._horse.take_back():
            self._return(batch)
        logger.error("Worker-{} the engine ended: {}", self._worker_id, self._horse.error or failure)
        if failure.batch is not None:
            self._accuse(failure.batch, code, message)
        self._desk.engine_changed()

    @property
    def _revision(self) -> str:
        assert self._horse.loaded is not None  # a batch came back
        return self._horse.loaded.revision
