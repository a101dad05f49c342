"""Messages of a worker's model processes: a model is loaded, a batch has ended, the process has died."""

from __future__ import annotations

from collections.abc import Callable

from voxq.processes.model.protocol import Drafted, Finished
from voxq.worker.dispatch.failures import Failures
from voxq.worker.dispatch.results import Results
from voxq.worker.dispatch.time_limits import TimeLimits
from voxq.worker.lifecycle.stages import Stages
from voxq.worker.model_pool.model_link import ModelProcessFailed
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.runs.task_runs import TaskRuns


class ModelMessages:
    """Handles the messages of one worker's model processes."""

    def __init__(
        self,
        task_runs: TaskRuns,
        pool: ModelPool,
        limits: TimeLimits,
        results: Results,
        failures: Failures,
        stages: Stages,
        changed: Callable[[], None],
    ) -> None:
        """Take the parts it works with. `changed` is called when a model is loaded."""
        self._task_runs = task_runs
        self._pool = pool
        self._limits = limits
        self._results = results
        self._failures = failures
        self._stages = stages
        self._changed = changed

    def take(self) -> None:
        """Handle what model processes have sent since the last call."""
        for pooled in self._pool.take_arrived():
            self._receive(pooled)

    def _receive(self, pooled: PooledModel) -> None:
        was_ready = pooled.link.is_ready
        try:
            answer = self._pool.receive(pooled, self._limits.of_batch)
        except ModelProcessFailed as failure:
            self._failures.on_process_failed(pooled, failure)
            return
        if pooled.link.is_ready and not was_ready:
            self._on_loaded(pooled)
        match answer:
            case (batch, Finished() as finished):
                self._results.take(pooled, batch, finished)
            case (batch, Drafted() as drafted):
                self._results.note(batch, drafted)
            case None:
                pass

    def _on_loaded(self, pooled: PooledModel) -> None:
        for task_run in self._task_runs.that_need(pooled.name):
            if pooled.revision is not None:
                task_run.recall(pooled.name, pooled.revision)
                if task_run.needs_no_engine or task_run.progress:
                    self._stages.advanced(task_run)
        self._changed()
