"""The engine at work: chunks into batches, results and errors back to their tasks, blame when it dies.

Only the batch in hand is suspect when it fails as a whole. A chunk that was alone in it is to blame, and
its task fails after `MAX_ATTEMPTS` blames; in company all become suspects, which run alone, after the others,
until it is clear who did it. What waited behind the batch, and whoever was merely near, is never charged.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
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
from voxq.worker.complaint import Complaint
from voxq.worker.horse_link import HorseFailed, HorseLink
from voxq.worker.plan import WorkPlan
from voxq.worker.poller import Poller
from voxq.worker.scheduler import BatchLimits, WaitingChunk, choose, predict
from voxq.worker.usage import OwnerUse

_OFFERED = 4
"""How many batches' worth of a task's chunks the scheduler sees: enough to match lengths."""
_ROUNDING = 0.01


class Desk(Protocol):
    """Who holds the tasks and hears how they get on."""

    def assignments(self) -> Iterable[Assignment]: ...

    def holds(self, assignment: Assignment) -> bool: ...

    def advanced(self, assignment: Assignment) -> None:
        """One of its batches has ended well: complete, or further than before."""
        ...

    def timed_out(self, assignment: Assignment) -> None: ...

    def lost_sound(self, assignment: Assignment) -> None:
        """Its decoded sound is gone: somebody ended the task, or took its files."""
        ...

    def failed(self, assignment: Assignment, code: str, error: str) -> None: ...

    def engine_changed(self) -> None:
        """It was loaded, or it ended."""
        ...


class EngineRoom:
    """Feeds one horse. Times are on the monotonic clock."""

    def __init__(
        self,
        horse: HorseLink,
        plan: WorkPlan,
        settings: Settings,
        poller: Poller,
        desk: Desk,
        trouble: Complaint,
        worker_id: int,
    ) -> None:
        self._horse = horse
        self._traits = plan.traits
        self._timeout = settings.rq_worker_timeout
        self._max_attempts = settings.max_attempts
        self._limits = BatchLimits(
            seconds=settings.max_batch_ms / 1000,
            padded_seconds=settings.asr_batch_size,
            items=plan.traits.max_items,
            padded_to=plan.traits.padded_to,
        )
        self._poller = poller
        self._desk = desk
        self._trouble = trouble
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
        while time.monotonic() >= self._horse.has_room_from:
            chosen = choose(list(self._waiting()), self._horse.cost, self._limits)
            if not chosen:
                return
            is_suspect, ahead = chosen[0].is_suspect, self._horse.next_batch
            if ahead is not None and (is_suspect or ahead.is_suspect):
                return  # a suspect has the horse to itself
            self._give(chosen, is_suspect)

    @property
    def next_event(self) -> float:
        """When `feed` or `enforce_deadline` will have something to do that no message announces."""
        feeding = self._horse.has_room_from
        return min(self._horse.deadline, feeding if feeding > time.monotonic() else float("inf"))

    def enforce_deadline(self) -> None:
        """Kill a horse that is late: its batch hangs in native code, or its tasks are over their limit."""
        if not self._horse.is_late:
            return
        ran = self._horse.running_for()
        failure = self._end_horse()
        if failure.batch is not None and len(failure.batch.assignments) == 1:
            (assignment,) = failure.batch.assignments
            assignment.engine_seconds += ran
            if self._is_over_limit(assignment) and self._desk.holds(assignment):
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
        """The task did it. It is tried again, or fails for good."""
        assignment.add_incident(Incident(time.time(), code, message), blamed=True)
        if assignment.blames >= self._max_attempts:
            times = "1 attempt" if assignment.blames == 1 else f"{assignment.blames} attempts"
            self._desk.failed(assignment, code, f"{message} Given up after {times}.")
            return
        logger.warning(
            "Worker-{} task={} attempt={} code={}",
            self._worker_id,
            assignment.task.short_id,
            assignment.blames,
            code,
        )

    def _give(self, chosen: Sequence[WaitingChunk], is_suspect: bool) -> None:
        assignments = {assignment.task.id: assignment for assignment in self._desk.assignments()}
        members = tuple(Member(assignments[chunk.task_id], chunk.index) for chunk in chosen)
        predicted = predict(self._horse.cost, self._limits, chosen)
        batch = Batch(str(next(self._batch_numbers)), members, predicted, is_suspect)
        for assignment in batch.assignments:
            assignment.begin([member.index for member in members if member.assignment is assignment])
        try:
            self._horse.give(batch)
        except HorseFailed as failure:
            self._on_horse_failed(failure)

    def _waiting(self) -> Iterator[WaitingChunk]:
        now, cost = time.monotonic(), self._horse.cost
        for assignment in self._desk.assignments():
            indices = assignment.waiting(_OFFERED * self._limits.items)
            if not indices:
                continue
            task, chunks = assignment.task, assignment.chunks
            key = self._traits.batch_key(assignment.options)
            remaining = assignment.work_left(cost)
            owner_use = self._use.of(task.owner, now)
            for index in indices:
                yield WaitingChunk(
                    task_id=task.id,
                    index=index,
                    seconds=chunks[index].seconds,
                    key=key,
                    lane=task.lane,
                    waiting_since=assignment.last_served,
                    remaining=remaining,
                    owner_use=owner_use,
                    is_suspect=chunks.is_suspect(index),
                    batch_seconds=task.options.batch_size or float("inf"),
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
        """What the next batch may take before all of its tasks are over their limits."""
        batch = self._horse.next_batch
        used = (assignment.engine_seconds for assignment in batch.assignments) if batch else ()
        return self._timeout - min(used, default=0.0)

    def _on_finished(self, batch: Batch, finished: protocol.Finished) -> None:
        self._charge(batch, finished.seconds)
        failure = _failure(batch, finished)
        if failure is not None:
            self._accuse(batch, failure.code, failure.message)
            return
        for member, item in zip(batch.members, finished.items, strict=True):
            if not self._desk.holds(member.assignment):
                continue  # cancelled meanwhile
            if isinstance(item, ChunkResult):
                self._keep(member, item, finished.seconds * batch.share(member))
            else:
                self._on_chunk_error(batch, member, item)
        for assignment in batch.assignments:
            if self._desk.holds(assignment):
                assignment.mark_running()
                self._after_batch(assignment)

    def _keep(self, member: Member, result: ChunkResult, seconds: float) -> None:
        assert self._horse.loaded is not None  # a batch came back
        try:
            member.assignment.finish(member.index, result, self._horse.loaded.revision, seconds)
        except OSError as error:
            self._trouble.about(error)
        killpoint.reached("W3")

    def _charge(self, batch: Batch, seconds: float) -> None:
        now = time.monotonic()
        for member in batch.members:
            share = seconds * batch.share(member)
            member.assignment.engine_seconds += share
            member.assignment.last_served = now
            self._use.add(member.assignment.task.owner, share, now)

    def _after_batch(self, assignment: Assignment) -> None:
        if self._is_over_limit(assignment) and not assignment.is_complete:
            self._desk.timed_out(assignment)
        else:
            self._desk.advanced(assignment)

    def _is_over_limit(self, assignment: Assignment) -> bool:
        return assignment.engine_seconds > self._timeout - _ROUNDING

    def _on_chunk_error(self, batch: Batch, member: Member, error: ChunkError) -> None:
        """One chunk's error is its task's alone; running out of memory is its batch's."""
        assignment = member.assignment
        assignment.chunks.give_up(member.index)
        if error.code == "audio_unavailable":
            if assignment.chunks.is_found(member.index):  # or it is being decoded anew already
                self._desk.lost_sound(assignment)
        elif error.code == "out_of_memory" and len(batch.members) > 1:
            self._shrink_batches(len(batch.members))
            assignment.add_incident(Incident(time.time(), error.code, error.message), blamed=False)
        else:
            assignment.chunks.suspect(member.index)
            self.blame(assignment, error.code, error.message)

    def _shrink_batches(self, size: int) -> None:
        smaller = max(1, size // 2)
        if smaller < self._limits.items:
            self._limits = replace(self._limits, items=smaller)
            logger.warning("Worker-{} out of memory: batches of {} from now on", self._worker_id, smaller)

    def _accuse(self, batch: Batch, code: str, message: str) -> None:
        """The batch failed as a whole: one of its chunks did it, or, where memory ran out, their number."""
        self._return(batch)
        is_alone = len(batch.members) == 1
        if code == "out_of_memory" and not is_alone:
            self._shrink_batches(len(batch.members))
        else:
            for member in batch.members:
                member.assignment.chunks.suspect(member.index)
        for assignment in filter(self._desk.holds, batch.assignments):
            if is_alone:
                self.blame(assignment, code, message)
            else:
                assignment.add_incident(Incident(time.time(), code, message), blamed=False)

    def _return(self, batch: Batch) -> None:
        for member in batch.members:
            member.assignment.chunks.give_up(member.index)
        for assignment in filter(self._desk.holds, batch.assignments):
            assignment.mark_running()

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


def _failure(batch: Batch, finished: protocol.Finished) -> ChunkError | None:
    """Why the whole call failed, or None if it did not."""
    if len(finished.items) != len(batch.members):
        return ChunkError("engine_error", "The engine lost count of its chunks.")
    if not finished.batch_failed:
        return None
    # A chunk that could not be read was not in the call.
    errors = [e for e in finished.items if isinstance(e, ChunkError) and e.code != "audio_unavailable"]
    return errors[0] if errors else ChunkError("engine_error", "The engine failed on this audio.")
