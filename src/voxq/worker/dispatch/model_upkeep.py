"""Upkeep of a worker's models: those that should be loaded are started, those that cannot be are given up."""

from __future__ import annotations

import time

from loguru import logger

from voxq.locale import Message
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.plan import WorkPlan
from voxq.worker.runs.task_runs import TaskRuns


class ModelUpkeep:
    """Loads and unloads one worker's models as its tasks need them and its memory allows."""

    def __init__(
        self,
        task_runs: TaskRuns,
        pool: ModelPool,
        plan: WorkPlan,
        endings: RunEndings,
        blame: Blame,
        worker_id: int,
    ) -> None:
        self._task_runs = task_runs
        self._pool = pool
        self._plan = plan
        self._endings = endings
        self._blame = blame
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

    def _hand_back_for(self, pooled: PooledModel) -> None:
        """Hand back the tasks of a model that does not load: they wait in their lanes, or another worker
        takes them."""
        self._give_up_steps(pooled, optional_only=True)
        for task_run in self._task_runs.that_need(pooled.name):
            logger.error(
                "Worker-{} task={} requeued: model={} does not load",
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
        message = Message("The model {model} could not be loaded here.", model=pooled.name)
        for task_run in self._task_runs:
            for step in task_run.steps:
                is_meant = step.model.name == pooled.name and (step.spec.optional or not optional_only)
                if is_meant and not step.is_over and task_run in self._task_runs:
                    self._blame.give_up(step, "model_failed", message)
