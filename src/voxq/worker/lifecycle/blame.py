"""Who pays when something goes wrong in an engine.

A chunk that was alone in what failed is to blame, and its task fails after `MAX_ATTEMPTS` blames; in company
all become suspects, which run alone, after the others, until it is clear who did it. What waited behind a
batch, and whoever was merely near, is never charged.

A batch can also take the whole worker with it: where a container runs out of memory, everything in it ends.
The next worker knows from the work directory what was in the engine.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from loguru import logger

from voxq.core.outcome import Incident
from voxq.metrics.catalogue import BLAMES
from voxq.metrics.counters import Counters
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.runs.batch import Batch
from voxq.worker.runs.task_run import AnyTaskRun
from voxq.worker.runs.task_runs import TaskRuns

_WORKER_DIED = "worker_died"


class Blame:
    """Of one worker's tasks."""

    def __init__(
        self,
        task_runs: TaskRuns,
        endings: RunEndings,
        counters: Counters,
        worker_id: int,
        *,
        max_attempts: int,
    ) -> None:
        self._task_runs = task_runs
        self._endings = endings
        self._counters = counters
        self._worker_id = worker_id
        self._max_attempts = max_attempts

    def blame(self, task_run: AnyTaskRun, code: str, message: str) -> None:
        """The task did it. It is tried again, or fails for good."""
        task_run.add_incident(Incident(time.time(), code, message), blamed=True)
        self._counters.add(BLAMES, code)
        if task_run.blames >= self._max_attempts:
            self._endings.fail(task_run, code, f"{message} Given up after {_times(task_run.blames)}.")
            return
        logger.warning(
            "Worker-{} task={} attempt={} code={}",
            self._worker_id,
            task_run.task.short_id,
            task_run.blames,
            code,
        )

    def record_worker_death(self, task_run: AnyTaskRun) -> None:
        """An earlier worker died while a suspect chunk of this task was alone in its engine.

        Workers are killed for many reasons, so that is free until it happened MAX_ATTEMPTS times.
        """
        message = f"The worker ended while this {task_run.kind.noun} was alone in its engine."
        deaths = 1 + sum(incident.code == _WORKER_DIED for incident in task_run.incidents)
        is_too_often = deaths >= self._max_attempts
        task_run.add_incident(Incident(time.time(), _WORKER_DIED, message), blamed=is_too_often)
        task_run.death_recorded()
        if is_too_often:
            self._counters.add(BLAMES, _WORKER_DIED)
            self._endings.fail(task_run, _WORKER_DIED, f"{message} Given up after {_times(deaths)}.")

    def blame_batch(self, batch: Batch, code: str, message: str) -> None:
        """The batch failed as a whole: one of its chunks did it."""
        for member in batch.members:
            member.task_run.chunks.suspect(member.index)
        if len(batch.members) > 1:
            self.record_incident(batch.task_runs, code, message)
            return
        (task_run,) = batch.task_runs
        if task_run in self._task_runs:
            self.blame(task_run, code, message)

    def record_incident(self, task_runs: Iterable[AnyTaskRun], code: str, message: str) -> None:
        """It happened to these tasks, and nobody is charged for it."""
        for task_run in task_runs:
            if task_run in self._task_runs:
                task_run.add_incident(Incident(time.time(), code, message), blamed=False)


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"
