"""What an owner can do to a task after submitting it: cancel, forget, retry. Everything here blocks."""

from __future__ import annotations

import time
from dataclasses import replace

import redis

from voxq import kinds
from voxq.core.outcome import Outcome, Timings, elapsed
from voxq.core.refusal import NotFound, Refusal
from voxq.core.task import Status, Task
from voxq.queue import enqueueing, quotas, script
from voxq.queue.enqueueing import Enqueued
from voxq.queue.store import Store
from voxq.storage.blobs.port import Blobs
from voxq.storage.history_log import HistoryLog
from voxq.storage.journal.port import Journal
from voxq.tasks.ending import Ending


class Control:
    """Of one kind of task.

    Raises redis.exceptions.RedisError when Redis is away; what was decided by then is completed later.
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
        """End an open task as cancelled. False when it is not open, or ended first.

        The record of the end is the durable flag: a worker that has the task loses its claim and stops at the
        end of the batch in hand.
        """
        task = self._journal.open_task(task_id)
        if task is None:
            return False
        now = time.time()
        outcome = Outcome(
            status=Status.CANCELLED,
            ended_at=now,
            duration=task.duration or 0.0,
            timings=Timings(total=elapsed(task.accepted_at, now)),
        )
        return self._ending.end(task, outcome)

    def answer_as(self, task: Task, other_id: str) -> bool:
        """End an open task with the result that another one had. False when there is none, or it ended first.

        It may be in a lane, or with a worker, which then loses its claim as when a task is cancelled. A file
        that was made is shared, unless a worker was faster and has made its own.
        """
        end = self._journal.last_end(other_id)
        if end is None or end.outcome.status is not Status.DONE:
            return False
        if kinds.find(task.kind).makes_file and not self._blobs.share(end.task.file, task.file):
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
        """Remove an ended task: recording, result, index, history, the text of its lines in the log.

        False when it is open, and so nothing was done. What clients see goes after what they cannot see, and
        the journal record last, so that forgetting again finishes what was interrupted. An id that nobody
        knows (any more) is forgotten as well.
        """
        task = self._journal.open_task(task_id)
        if task is not None:
            if not self._journal.has_ended(task):
                return False
            self._ending.publish(task)
        self._log.blank(task_id)
        self._blobs.remove_of(task_id)
        script.run(self._client, enqueueing.forget(self._store, task_id))
        for run in self._journal.runs_of(task_id):
            self._journal.forget(task_id, run)
        return True

    def retry(self, task_id: str, run: int, *, limited: bool = False) -> tuple[Task, Enqueued]:
        """Accept a failed task once more, as its next run. `run` is the one that failed.

        Its recording must still be there, if it is made from one. Raises NotFound, or Refusal
        ("not_failed", "recording_gone"; when `limited` also "too_long", "queue_full", "quota_exceeded").
        """
        end = self._journal.ended(task_id, run)
        task = self._journal.open_task(task_id)
        if task is not None and not self._journal.has_ended(task):
            raise _not_failed(Status.QUEUED)
        if end is None:
            raise NotFound(task_id)
        if end.outcome.status is not Status.FAILED:
            raise _not_failed(end.outcome.status)
        if kinds.find(end.task.kind).takes_recording and not self._blobs.exists(end.task.file):
            raise Refusal("recording_gone", "The recording of this task has been deleted")
        if task is not None:
            # The earlier run is closed before its open record is replaced, or its line would never be logged.
            self._ending.publish(task)
        task = end.task.evolve(run=run + 1, accepted_at=time.time())
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
            self._journal.withdraw(task_id)  # it is failed as before
            raise
        return task, enqueued


def _not_failed(status: Status) -> Refusal:
    return Refusal("not_failed", f"Only a failed task can be retried; this one is {status}")
