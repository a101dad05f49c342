"""What an owner can do to a task after submitting it: cancel, forget, retry. Everything here blocks."""

from __future__ import annotations

import time

import redis

from voxq.tasks import script
from voxq.tasks.ending import Ending
from voxq.tasks.history import HistoryLog
from voxq.tasks.journal import Journal
from voxq.tasks.outcome import Outcome, Timings
from voxq.tasks.recordings import Recordings
from voxq.tasks.refusal import NotFound, Refusal
from voxq.tasks.store import Enqueued, Store
from voxq.tasks.task import Status, Task


class Control:
    """Raises redis.exceptions.RedisError when Redis is away; what was decided by then is completed later."""

    def __init__(
        self,
        journal: Journal,
        log: HistoryLog,
        recordings: Recordings,
        ending: Ending,
        store: Store,
        client: redis.Redis,
    ) -> None:
        self._journal = journal
        self._log = log
        self._recordings = recordings
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
            timings=Timings(total=round(now - task.accepted_at, 3)),
        )
        return self._ending.end(task, outcome)

    def forget(self, task_id: str) -> None:
        """Remove an ended task: recording, result, index, history, the text of its line in the log.

        The journal record goes last, so that forgetting again finishes what was interrupted.
        """
        runs = [run for known, run in self._journal.ended_runs() if known == task_id]
        for run in runs:
            end = self._journal.ended(task_id, run)
            if end is not None:
                self._ending.publish(end.task, recovering=True)
                self._recordings.remove(end.task.file)
                script.run(self._client, self._store.forget(end.task))
        self._log.blank(task_id)
        for run in runs:
            self._journal.forget(task_id, run)

    def retry(self, task_id: str, run: int) -> tuple[Task, Enqueued]:
        """Accept a failed task once more, as its next run. `run` is the one that failed.

        Raises NotFound, or Refusal ("not_failed", "recording_gone").
        """
        end = self._journal.ended(task_id, run)
        if end is None:
            if self._journal.open_task(task_id) is not None:
                raise _not_failed(Status.QUEUED)
            raise NotFound(task_id)
        if end.outcome.status is not Status.FAILED:
            raise _not_failed(end.outcome.status)
        if not self._recordings.exists(end.task.file):
            raise Refusal("recording_gone", "The recording of this task has been deleted")
        # The earlier run is closed before its open record is replaced, or its line would never be logged.
        self._ending.publish(end.task, recovering=True)
        task = end.task.evolve(run=run + 1, accepted_at=time.time())
        self._journal.accept(task)
        return task, script.run(self._client, self._store.enqueue(task, limited=False))


def _not_failed(status: Status) -> Refusal:
    return Refusal("not_failed", f"Only a failed task can be retried; this one is {status}")
