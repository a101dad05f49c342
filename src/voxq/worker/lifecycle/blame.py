"""Blame: which task is charged when something goes wrong in an engine.

A chunk that was alone in the batch that failed is to blame. Its step fails after `MAX_ATTEMPTS` blames, and
with it the task, unless the step is optional. If the batch had several chunks, all become suspects, which run
alone, after the others, until it is clear which one is to blame. Batches that only waited behind the failed
one, and other tasks nearby, are never charged.

A batch can also take the whole worker with it: where a container runs out of memory, everything in it ends.
The next worker knows from the work directory what was in the engine.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from loguru import logger

from voxq.core.outcome import Incident
from voxq.locale import Message
from voxq.metrics.catalogue import BLAMES
from voxq.metrics.counters import Counters
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.runs.batch import Batch
from voxq.worker.runs.task_run import TaskRun, TaskStep
from voxq.worker.runs.task_runs import TaskRuns

_WORKER_DIED = "worker_died"


class Blame:
    """Assigns blame to one worker's tasks."""

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

    def blame(self, step: TaskStep, code: str, message: str) -> None:
        """Charge the step: it is tried again, or given up for good."""
        step.add_incident(Incident(time.time(), code, message), blamed=True)
        self._counters.add(BLAMES, code)
        if step.blames >= self._max_attempts:
            self.give_up(step, code, _given_up(message, step.blames))
            return
        logger.warning(
            "Worker-{} task={} attempt={} code={}",
            self._worker_id,
            step.task_run.task.short_id,
            step.blames,
            code,
        )

    def give_up(self, step: TaskStep, code: str, error: str) -> None:
        """End the step without a result: the task fails, unless the step is optional."""
        if not step.spec.optional:
            self._endings.fail(step.task_run, code, error)
            return
        logger.warning(
            'Worker-{} task={} goes on without {}: code={} error="{}"',
            self._worker_id,
            step.task_run.task.short_id,
            step.name,
            code,
            error,
        )
        step.fail(code, error)
        if step.task_run in self._task_runs and step.task_run.is_complete:
            self._endings.complete(step.task_run)

    def time_out(self, step: TaskStep, limit: float) -> None:
        """Give up a step that used more engine time than `limit` seconds."""
        self.give_up(step, "timeout", Message("Processing timeout ({seconds:.0f}s exceeded)", seconds=limit))

    def record_worker_death(self, task_run: TaskRun) -> None:
        """Record that an earlier worker died while a suspect chunk of this task was alone in its engine.

        Workers are killed for many reasons, so this is not charged until it has happened MAX_ATTEMPTS times.
        """
        message = Message(
            "The worker ended while this {noun} was the only task in its engine.", noun=task_run.kind.noun
        )
        deaths = 1 + sum(incident.code == _WORKER_DIED for incident in task_run.incidents)
        is_too_often = deaths >= self._max_attempts
        task_run.first.add_incident(Incident(time.time(), _WORKER_DIED, message), blamed=is_too_often)
        task_run.death_recorded()
        if is_too_often:
            self._counters.add(BLAMES, _WORKER_DIED)
            self._endings.fail(task_run, _WORKER_DIED, _given_up(message, deaths))

    def blame_batch(self, batch: Batch, code: str, message: str) -> None:
        """Blame a batch that failed as a whole: the only chunk is charged, or all become suspects."""
        for member in batch.members:
            member.step.chunks.suspect(member.index)
        if len(batch.members) > 1:
            self.record_incident(batch.task_runs, code, message)
            return
        (step,) = batch.steps
        if step.task_run in self._task_runs:
            self.blame(step, code, message)

    def record_incident(self, task_runs: Iterable[TaskRun], code: str, message: str) -> None:
        """Record that this happened to these tasks; nobody is charged."""
        for task_run in task_runs:
            if task_run in self._task_runs:
                task_run.add_incident(Incident(time.time(), code, message), blamed=False)


def _given_up(message: str, attempts: int) -> str:
    return Message.counted(
        "{message} Given up after {number} attempt.",
        "{message} Given up after {number} attempts.",
        attempts,
        message=message,
    )
