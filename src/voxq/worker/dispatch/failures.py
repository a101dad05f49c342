"""Engine failures, and what becomes of the batches that were in the engine; `blame` decides who is charged.

Only the batch in the engine is suspect: those that waited behind it go back into the line.
"""

from __future__ import annotations

from collections.abc import Callable

from loguru import logger

from voxq.engines.contract import ChunkError
from voxq.metrics import catalogue
from voxq.metrics.counters import Counters
from voxq.worker.dispatch.time_limits import TimeLimits
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.model_pool.model_link import ModelProcessFailed
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.runs.batch import Batch
from voxq.worker.runs.task_runs import TaskRuns


class Failures:
    """Handles the failures of one worker's model processes."""

    def __init__(
        self,
        task_runs: TaskRuns,
        pool: ModelPool,
        limits: TimeLimits,
        endings: RunEndings,
        blame: Blame,
        counters: Counters,
        changed: Callable[[], None],
        worker_id: int,
    ) -> None:
        """Take the parts it works with. `changed` is called when a model process has ended."""
        self._task_runs = task_runs
        self._pool = pool
        self._limits = limits
        self._endings = endings
        self._blame = blame
        self._counters = counters
        self._changed = changed
        self._worker_id = worker_id

    def put_back(self, batch: Batch) -> None:
        """Put the chunks of a batch, which have no result, back into the line."""
        for member in batch.members:
            member.step.chunks.give_up(member.index)
        for task_run in batch.task_runs:
            if task_run in self._task_runs:
                task_run.mark_running()

    def on_process_failed(
        self,
        pooled: PooledModel,
        failure: ModelProcessFailed,
        code: str = "engine_crashed",
        message: str = "The engine crashed on this {}.",
    ) -> None:
        """Handle the end of a model process. `message` has a placeholder for the batch's kind of input."""
        for batch in pooled.link.take_back():
            self.put_back(batch)
        logger.error(
            "Worker-{} model={} the engine ended: {}",
            self._worker_id,
            pooled.name,
            pooled.link.error or failure,
        )
        if failure.batch is not None:
            self.put_back(failure.batch)
            self._counters.add(catalogue.ENGINE_DEATHS, pooled.name, code)
            self._blame.blame_batch(failure.batch, code, message.format(failure.batch.task_runs[0].kind.noun))
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
                    self.put_back(failure.batch)
                self.on_process_failed(pooled, ModelProcessFailed(str(failure)))

    def find_memory(self, pooled: PooledModel, batch: Batch, error: ChunkError) -> bool:
        """React to a batch that ran out of memory. True if another try makes sense, with smaller batches or
        with fewer models loaded beside it; nobody is blamed then."""
        self._pool.tally.out_of_memory += 1
        self._counters.add(catalogue.OUT_OF_MEMORY, pooled.name)
        (step, *_) = batch.steps
        if len(batch.members) > 1:
            pooled.shrink(batch)
            logger.warning(
                "Worker-{} model={} out of memory: batches of at most {:.1f} s from now on",
                self._worker_id,
                pooled.name,
                pooled.limits.padded_seconds,
            )
        elif not step.had_device_alone and self._pool.unload_others(pooled):
            step.had_device_alone = True
        else:
            return False
        self._blame.record_incident(batch.task_runs, error.code, error.message)
        return True

    def _end_late(self, pooled: PooledModel) -> None:
        ran = pooled.link.running_for()
        failure = self._pool.end_process(pooled)
        if failure.batch is not None and len(failure.batch.steps) == 1:
            (step,) = failure.batch.steps
            step.engine_seconds += ran
            if self._limits.is_over(step) and step.task_run in self._task_runs:
                self._blame.time_out(step, self._limits.of(step))
        self.on_process_failed(pooled, failure, "engine_hung", "The engine hung on this {} and was stopped.")
