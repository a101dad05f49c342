"""Engine failures, and what becomes of the batches that were in the engine; `blame` decides who is charged.

Only the batch in the engine is suspect: those that waited behind it go back into the line.
"""

from __future__ import annotations

from collections.abc import Callable

from loguru import logger

from voxq.locale import Message
from voxq.metrics import catalogue
from voxq.metrics.counters import Counters
from voxq.worker.dispatch.time_limits import TimeLimits
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.model_pool.model_link import ModelProcessFailed
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.runs.task_runs import TaskRuns


def _crashed(noun: str) -> str:
    return Message("The engine crashed on this {noun}.", noun=noun)


def _hung(noun: str) -> str:
    return Message("The engine hung on this {noun} and was stopped.", noun=noun)


class Failures:
    """Handles the failures of one worker's model processes."""

    def __init__(
        self,
        task_runs: TaskRuns,
        pool: ModelPool,
        limits: TimeLimits,
        blame: Blame,
        counters: Counters,
        changed: Callable[[], None],
        worker_id: int,
    ) -> None:
        """Take the parts it works with. `changed` is called when a model process has ended."""
        self._task_runs = task_runs
        self._pool = pool
        self._limits = limits
        self._blame = blame
        self._counters = counters
        self._changed = changed
        self._worker_id = worker_id

    def on_process_failed(
        self,
        pooled: PooledModel,
        failure: ModelProcessFailed,
        code: str = "engine_crashed",
        says: Callable[[str], str] = _crashed,
    ) -> None:
        """Handle the end of a model process. `says` makes the message from the batch's kind of input."""
        for batch in pooled.link.take_back():
            self._task_runs.put_back(batch)
        logger.error(
            "Worker-{} model={} process ended: {}",
            self._worker_id,
            pooled.name,
            pooled.link.error or failure,
        )
        if failure.batch is not None:
            self._task_runs.put_back(failure.batch)
            self._counters.add(catalogue.ENGINE_DEATHS, pooled.name, code)
            self._blame.blame_batch(failure.batch, code, says(failure.batch.task_runs[0].kind.noun))
        self._changed()

    @property
    def deadline(self) -> float:
        """Time at which `enforce_deadlines` has something to do next (monotonic clock)."""
        return min(pooled.link.deadline for pooled in self._pool)

    def enforce_deadlines(self) -> None:
        """Kill model processes that are late: a batch hangs in native code, its tasks are over their limit,
        or a model does not load in time."""
        for pooled in self._pool:
            if pooled.link.is_late:
                self._end_late(pooled)

    def end_processes(self) -> None:
        """End the model processes at an operator's request: nobody is blamed."""
        for pooled in self._pool:
            if pooled.is_present:
                failure = self._pool.end_process(pooled)
                if failure.batch is not None:
                    self._task_runs.put_back(failure.batch)
                self.on_process_failed(pooled, ModelProcessFailed(str(failure)))

    def _end_late(self, pooled: PooledModel) -> None:
        ran = pooled.link.running_for()
        failure = self._pool.end_process(pooled)
        if failure.batch is not None and len(failure.batch.steps) == 1:
            (step,) = failure.batch.steps
            step.engine_seconds += ran
            if self._limits.is_over(step) and step.task_run in self._task_runs:
                self._blame.time_out(step, self._limits.of(step))
        self.on_process_failed(pooled, failure, "engine_hung", _hung)
