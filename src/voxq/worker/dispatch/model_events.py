"""Model events of a worker: which models to load or unload, and the messages of their model processes."""

from __future__ import annotations

import time
from collections.abc import Callable

from loguru import logger

from voxq.worker.dispatch.failures import Failures
from voxq.worker.dispatch.results import Results
from voxq.worker.dispatch.time_limits import TimeLimits
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.lifecycle.stages import Stages
from voxq.worker.model_pool.model_link import ModelProcessFailed
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.plan import WorkPlan
from voxq.worker.runs.task_run import TaskRun
from voxq.worker.runs.task_runs import TaskRuns


class ModelEvents:
    """Handles the events of one worker's models."""

    def __init__(
        self,
        task_runs: TaskRuns,
        pool: ModelPool,
        plan: WorkPlan,
        limits: TimeLimits,
        results: Results,
        failures: Failures,
        stages: Stages,
        endings: RunEndings,
        blame: Blame,
        changed: Callable[[], None],
        worker_id: int,
    ) -> None:
        """Take the parts it works with. `changed` is called when a model is loaded."""
        self._task_runs = task_runs
        self._pool = pool
        self._plan = plan
        self._limits = limits
        self._results = results
        self._failures = failures
        self._stages = stages
        self._endings = endings
        self._blame = blame
        self._changed = changed
        self._worker_id = worker_id

    def look_after_models(self) -> None:
        """Start the models that should be loaded, unload those that should not, give up those that cannot be
        loaded."""
        self._pool.tidy(time.monotonic(), self._task_runs.models)
        for pooled in self._pool.hopeless:
            self._give_up(pooled)
        if self._pool.broken:
            self._hand_back_for(self._pool.default)
        self._pool.keep()

    def take_messages(self) -> None:
        """Handle what model processes have sent since the last call."""
        for pooled in self._pool.take_arrived():
            self._receive(pooled)

    def _receive(self, pooled: PooledModel) -> None:
        was_ready = pooled.link.is_ready
        try:
            finished = self._pool.receive(pooled, self._limits.for_next_batch(pooled))
        except ModelProcessFailed as failure:
            self._failures.on_process_failed(pooled, failure)
            return
        if pooled.link.is_ready and not was_ready:
            self._on_loaded(pooled)
        if finished is not None:
            self._results.take(pooled, *finished)

    def _on_loaded(self, pooled: PooledModel) -> None:
        for task_run in self._task_runs:
            if pooled.name in _names(task_run) and pooled.revision is not None:
                task_run.recall(pooled.name, pooled.revision)
                if task_run.needs_no_engine or task_run.progress:
                    self._stages.advanced(task_run)
        self._changed()

    def _hand_back_for(self, pooled: PooledModel) -> None:
        """Hand back the tasks of a model that does not load: they wait in their lanes, or another worker
        takes them."""
        self._give_up_steps(pooled, optional_only=True)
        for task_run in self._task_runs:
            if pooled.name in _names(task_run):
                logger.error(
                    "Worker-{} task={} handed back: model={} does not load",
                    self._worker_id,
                    task_run.task.short_id,
                    pooled.name,
                )
                self._endings.hand_back(task_run)

    def _give_up(self, pooled: PooledModel) -> None:
        """Fail the tasks of a model that does not load; the next task for it may try again."""
        logger.error("Worker-{} model={} is given up: {}", self._worker_id, pooled.name, pooled.link.error)
        self._pool.forget(pooled)
        self._plan.forget(pooled.name)
        self._give_up_steps(pooled)

    def _give_up_steps(self, pooled: PooledModel, *, optional_only: bool = False) -> None:
        """Give up the steps that need a model which cannot be loaded."""
        message = f"The model {pooled.name} could not be loaded here."
        for task_run in self._task_runs:
            for step in task_run.steps:
                is_meant = step.model.name == pooled.name and (step.spec.optional or not optional_only)
                if is_meant and not step.is_over and task_run in self._task_runs:
                    self._blame.give_up(step, "model_failed", message)


def _names(task_run: TaskRun) -> set[str]:
    """Names of the models that the task still needs."""
    return {model.name for model in task_run.models}
