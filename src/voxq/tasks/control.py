"""Operations on submitted tasks: cancel, answer from another task, forget, retry. Everything here blocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import redis
from loguru import logger

from voxq import kinds
from voxq.core.outcome import Outcome, Timings, elapsed
from voxq.core.refusal import NotFound, Refusal
from voxq.core.task import Status, Task, short_id
from voxq.kinds import rewritten
from voxq.locale import Message
from voxq.queue import enqueueing, fingerprints, quotas, script
from voxq.queue.enqueueing import Enqueued
from voxq.queue.store import Store
from voxq.storage.blobs.port import Blobs
from voxq.storage.history_log import HistoryLog
from voxq.storage.journal.port import Ended, Journal
from voxq.tasks.ending import Ending

_ABANDONED_AT_ONCE = 100


class Control:
    """Operations on tasks of one kind.

    Every method raises redis.exceptions.RedisError if Redis is unavailable; recovery then completes what was
    already decided.
    """

    def __init__(
        self,
        journal: Journal,
        log: HistoryLog,
        blobs: Blobs,
        ending: Ending,
        store: Store,
        client: redis.Redis,
    ) -> None:
        self._journal = journal
        self._log = log
        self._blobs = blobs
        self._ending = ending
        self._store = store
        self._client = client

    def cancel(self, task_id: str) -> bool:
        """End an open task as cancelled. Returns False if it is not open, or ended first.

        The record of the end is durable. A worker that has the task loses its claim and stops after the
        current batch.
        """
        task = self._journal.open_task(task_id)
        if task is None:
            return False
        now = time.time()
        earlier = self._journal.ended(task_id, task.run - 1) if task.step else None
        if earlier is not None:  # what the run before it had done stays
            return self._ending.end(task, replace(earlier.outcome, ended_at=now))
        outcome = Outcome(
            status=Status.CANCELLED,
            ended_at=now,
            duration=task.duration or 0.0,
            timings=Timings(total=elapsed(task.accepted_at, now)),
        )
        return self._ending.end(task, outcome)

    def cancel_abandoned(self) -> int:
        """Cancel the tasks whose clients have stopped waiting, so that their lease has expired; returns how
        many."""
        count = 0
        for task_id in script.run(self._client, fingerprints.abandoned(self._store, _ABANDONED_AT_ONCE)):
            if self.cancel(task_id):
                logger.info("task={} cancelled: nobody waits for it any more", short_id(task_id))
                count += 1
            # Last: the expired lease keeps requests from joining, and the next call continues after a crash.
            self._client.zrem(self._store.leases_key, task_id)
        return count

    def answer_as(self, task: Task, other_id: str) -> bool:
        """End an open task with the result of another task.

        The task may wait in a lane or be in work; its worker then loses the claim, as for a cancelled task.
        The tasks share a file that was made. Returns False if the other task has no result, if its file is
        gone or a worker has already stored this task's own, or if this task ended first.
        """
        end = self._journal.last_end(other_id)
        if end is None or end.outcome.status is not Status.DONE or rewritten.is_makeshift(_facts(end)):
            return False
        for role, name in task.outputs.items():
            made = end.task.outputs.get(role)
            if made is None or not self._blobs.share(made, name):
                return False
        now = time.time()
        outcome = replace(
            end.outcome,
            ended_at=now,
            attempts=1,
            incidents=(),
            timings=Timings(total=elapsed(task.accepted_at, now)),
            worker_id=0,
        )
        return self._ending.end(task, outcome)

    def forget(self, task_id: str) -> bool:
        """Remove an ended task: its files, result, index entry, history and the text in its log lines.

        Returns False, without any change, if the task is open. What clients cannot see is removed first and
        the journal record last, so that repeating the call completes an interrupted one. Unknown ids are
        accepted.
        """
        task = self._journal.open_task(task_id)
        if task is not None:
            if not self._journal.has_ended(task):
                return False
            self._ending.publish(task)
        self._log.blank(task_id)
        runs = self._journal.runs_of(task_id)
        for name in self._files_of(task_id, runs):
            self._blobs.remove(name)
        self._blobs.remove_of(task_id)  # of records that nobody can read, too
        script.run(self._client, enqueueing.forget(self._store, task_id))
        for run in runs:
            self._journal.forget(task_id, run)
        return True

    def _files_of(self, task_id: str, runs: Sequence[int]) -> set[str]:
        ends = filter(None, (self._journal.ended(task_id, run) for run in runs))
        return {name for end in ends for name in end.task.files}

    def retry(
        self, task_id: str, run: int, *, step: str | None = None, limited: bool = False
    ) -> tuple[Task, Enqueued]:
        """Accept a failed task again as its next run, or of a done one the optional `step` that failed.
        `run` is the one that failed.

        Its recording must still be there, if it is made from one. Raises NotFound, or Refusal ("not_failed",
        "no_such_step", "recording_gone"; if `limited` also "too_long", "queue_full", "quota_exceeded").
        """
        end = self._journal.ended(task_id, run)
        task = self._journal.open_task(task_id)
        if task is not None and not self._journal.has_ended(task):
            raise _not_failed(Status.QUEUED)
        if end is None:
            raise NotFound(task_id)
        if step is not None:
            _check_step(end, step)
        elif end.outcome.status is not Status.FAILED:
            raise _not_failed(end.outcome.status)
        if not all(map(self._blobs.exists, end.task.uploads)):
            raise Refusal("recording_gone", Message("The recording of this task has been deleted"))
        if task is not None:
            # Publish the earlier run before its open record is replaced; otherwise it would never be logged.
            self._ending.publish(task)
        task = end.task.evolve(run=run + 1, accepted_at=time.time(), step=step)
        if self._journal.has_ended(task):
            raise _not_failed(Status.QUEUED)  # `run` was not its latest
        if limited:
            quotas.check_task(task, self._store.allowance_of(task.owner))
        if not self._journal.accept_again(task):
            raise _not_failed(Status.QUEUED)
        enqueued = script.run(self._client, enqueueing.enqueue(self._store, task, limited=limited))
        try:
            quotas.check_enqueued(enqueued, self._store, task)
        except Refusal:
            self._journal.withdraw(task_id)  # it stays failed
            raise
        return task, enqueued

    def amend(self, task_id: str, run: int, step: str, changed: Callable[[Outcome], Outcome]) -> None:
        """Change the outcome of a task that is done: its next run, which does only `step` again, ends with
        what `changed` makes of it. `run` is the one that was done.

        Should this process die in between, a worker does the step again, as in a retry, and the change is
        lost, of which nobody has heard. Raises NotFound, Refusal ("not_done"), or what `changed` raises.
        """
        end = self._journal.ended(task_id, run)
        task = self._journal.open_task(task_id)
        if task is not None and not self._journal.has_ended(task):
            raise _not_done(Status.QUEUED)
        if end is None:
            raise NotFound(task_id)
        if end.outcome.status is not Status.DONE:
            raise _not_done(end.outcome.status)
        now = time.time()
        outcome = replace(changed(end.outcome), ended_at=now)
        if task is not None:
            self._ending.publish(task)
        task = end.task.evolve(run=run + 1, accepted_at=now, step=step, callback=None)
        if self._journal.has_ended(task) or not self._journal.accept_again(task):
            raise _not_done(Status.QUEUED)  # changed by another process a moment ago
        self._ending.end(task, outcome)


def _not_done(status: Status) -> Refusal:
    return Refusal(
        "not_done",
        Message("There is no transcript: the task is {status}", status=status),
        status=status.value,
    )


def _check_step(end: Ended, name: str) -> None:
    """Raises Refusal unless the step of this name failed, and nothing else did."""
    optional = [each.name for each in kinds.find(end.task.kind).steps if each.optional]
    if name not in optional:
        raise Refusal("no_such_step", Message("The task has no optional step of this name"), steps=optional)
    is_done, step = end.outcome.status is Status.DONE, end.outcome.steps.get(name, {})
    is_failed = step.get("status") == "failed" or rewritten.is_makeshift({"steps": {name: step}})
    if not (is_done and is_failed):
        raise Refusal("not_failed", Message("Only a failed step of a task that is done can be retried"))


def _facts(end: Ended) -> dict[str, Any]:
    return {"rewritten": end.outcome.rewritten, "steps": end.outcome.steps}


def _not_failed(status: Status) -> Refusal:
    return Refusal(
        "not_failed", Message("Only a failed task can be retried; this one is {status}", status=status)
    )
