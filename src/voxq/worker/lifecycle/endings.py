"""How tasks leave a worker: ended, handed back, or taken over by another process."""

from __future__ import annotations

import time

from loguru import logger

from voxq.core import killpoint
from voxq.core.inputs import AUDIO
from voxq.core.outcome import Outcome
from voxq.core.task import Task
from voxq.parts import Parts
from voxq.worker.disk_warnings import DiskWarnings
from voxq.worker.lifecycle.claims import Claims
from voxq.worker.lifecycle.publishing import EndPublisher
from voxq.worker.media.media_work import MediaWork
from voxq.worker.runs.task_run import TaskRun
from voxq.worker.runs.task_runs import TaskRuns


class RunEndings:
    """Ends the tasks of one worker. A task stays in `TaskRuns` until its end is on disk; meanwhile nothing
    works on it."""

    def __init__(
        self,
        task_runs: TaskRuns,
        parts: Parts,
        claims: Claims,
        publisher: EndPublisher,
        media: MediaWork,
        disk_warnings: DiskWarnings,
        worker_id: int,
    ) -> None:
        self._task_runs = task_runs
        self._parts = parts
        self._claims = claims
        self._publisher = publisher
        self._media = media
        self._disk_warnings = disk_warnings
        self._worker_id = worker_id

    def complete(self, task_run: TaskRun) -> None:
        """End a task whose work is done. A file that it made is put in its place before the end is
        announced."""
        if task_run.output is not None and task_run.output.path.exists():
            try:
                self._parts.blobs.keep(task_run.output.path, task_run.task.outputs[AUDIO])
            except OSError as error:
                self._disk_warnings.about(error)
                return
            killpoint.reached("W4")
        self._end(task_run, task_run.done(time.time(), self._worker_id))

    def fail(self, task_run: TaskRun, code: str, error: str) -> None:
        self._end(task_run, task_run.failed(time.time(), self._worker_id, code, error))

    def cancel(self, task_run: TaskRun) -> None:
        self._end(task_run, task_run.cancelled(time.time(), self._worker_id))

    def try_again(self) -> None:
        """End the tasks whose end the disk did not accept a moment ago."""
        for task_run in self._task_runs:
            if task_run.outcome is not None:
                self._end(task_run, task_run.outcome)
            elif task_run.is_complete:
                self.complete(task_run)

    def hand_back(self, task_run: TaskRun) -> None:
        """Hand a task back: it waits in its lane again, for this worker or another."""
        task_run.release()
        self._claims.release([task_run.task])  # without Redis its claim will expire
        self._let_go(task_run)

    def hand_back_all(self) -> int:
        """Hand back all tasks at the worker's end; finished chunks stay on disk. Returns how many wait
        again."""
        for task_run in self._task_runs:
            task_run.release()
        return self._claims.release([task_run.task for task_run in self._task_runs])

    def reclaim(self, task_run: TaskRun) -> None:
        """React to a lost claim: take the task up again if Redis has lost it, or drop it if it was
        cancelled."""
        if not self.drop_if_ended(task_run) and self._claims.register(task_run) is False:
            self._drop(task_run, "another worker took it over")

    def drop_if_ended(self, task_run: TaskRun) -> bool:
        """Drop the task if another process has ended it. Returns whether it has."""
        if self._is_open(task_run.task):
            return False
        self._drop(task_run, "it ended elsewhere")
        return True

    def forget(self, task_run: TaskRun) -> None:
        """Drop a task that has ended or belongs to another worker. The process that ended it removed its
        files, but some may have been written here at that moment."""
        self._let_go(task_run)
        if not self._is_open(task_run.task):
            self._parts.work.remove(task_run.task)

    def _is_open(self, task: Task) -> bool:
        """Whether the task is to be worked on. True where a failing disk does not tell: its end is decided
        later."""
        try:
            return self._parts.journal.is_open(task)
        except OSError as error:
            self._disk_warnings.about(error)
            return True

    def _drop(self, task_run: TaskRun, reason: str) -> None:
        self.forget(task_run)
        logger.info(
            'Worker-{} task={} status=dropped reason="{}"', self._worker_id, task_run.task.short_id, reason
        )

    def _end(self, task_run: TaskRun, outcome: Outcome) -> None:
        """Drop the task once its end is on disk; until then it stays, and this is tried again."""
        self._media.remove(task_run)
        if self._publisher.end(task_run.task, outcome):
            self._let_go(task_run)
        else:
            task_run.outcome = outcome

    def _let_go(self, task_run: TaskRun) -> None:
        self._task_runs.remove(task_run)
        self._media.remove(task_run)
