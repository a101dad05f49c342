"""From a claimed id to a task run: reads the journal, then registers the claim (write step W2)."""

from __future__ import annotations

import time
from uuid import uuid4

from loguru import logger

from voxq import kinds
from voxq.core import killpoint
from voxq.core.task import Task
from voxq.kinds.work import ModelUnavailable
from voxq.parts import Parts
from voxq.queue.claiming import Claimed, TaskExecution
from voxq.worker.disk_warnings import DiskWarnings
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.lifecycle.claims import Claims
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.lifecycle.stages import Stages
from voxq.worker.plan import ModelPlan, WorkPlan
from voxq.worker.runs.step_run import StepFailure
from voxq.worker.runs.task_run import TaskRun
from voxq.worker.runs.task_runs import TaskRuns


class RunStarter:
    """Starts the task runs of one worker."""

    def __init__(
        self,
        task_runs: TaskRuns,
        parts: Parts,
        plan: WorkPlan,
        claims: Claims,
        endings: RunEndings,
        blame: Blame,
        stages: Stages,
        disk_warnings: DiskWarnings,
        worker_id: int,
    ) -> None:
        self._task_runs = task_runs
        self._journal = parts.journal
        self._work = parts.work
        self._blobs = parts.blobs
        self._plan = plan
        self._claims = claims
        self._endings = endings
        self._blame = blame
        self._stages = stages
        self._disk_warnings = disk_warnings
        self._worker_id = worker_id

    def take_on(self, claimed: Claimed, place: int) -> bool:
        """Begin with a task, unless it has ended or cannot be done here. `place`: its position among those
        claimed with it, from 1. False if the disk cannot be read or written: the task is back in its lane, or
        its claim expires."""
        mine = self._task_runs.get(claimed.task_id)
        if mine is not None:  # Redis lost the claim, and another process queued the task again
            self._endings.reclaim(mine)
            return True
        try:
            task = self._journal.open_task(claimed.task_id)
            end = None if task else self._journal.last_end(claimed.task_id)
        except OSError as error:
            self._disk_warnings.about(error)
            return False
        if end is not None and end.task.kind == claimed.kind:  # Redis came back in an earlier state
            self._endings.resume(end.task)
        elif task is None or task.kind != claimed.kind:
            logger.error("task={} is queued, but the journal here does not know it", claimed.task_id)
            self._claims.drop(claimed)
        elif self._journal.has_ended(task):
            self._endings.resume(task)
        else:
            return self._begin(task, place)
        return True

    def _begin(self, task: Task, place: int) -> bool:
        try:
            task_run = self._run_of(task)
        except ModelUnavailable as error:
            return self._endings.refuse(task, str(error))
        except OSError as error:
            self._disk_warnings.about(error)
            self._claims.release([task])
            return False
        task_run.last_served = time.monotonic()
        self._task_runs.add(task_run)
        self._stages.begin(task_run)  # at once: it need not wait for Redis, and nobody else has the claim
        # Without an answer it is worked on all the same: a heartbeat will register it.
        if self._claims.register(task_run) is False:
            self._endings.forget(task_run)
            return True
        killpoint.reached("W2")
        if task_run.was_alone_at_death:
            self._blame.record_worker_death(task_run)
        if task_run not in self._task_runs or task_run.outcome is not None:
            return True
        logger.info(
            "Worker-{} task={} status=started queue_position={} lane={}",
            self._worker_id,
            task.short_id,
            place,
            task.lane,
        )
        return True

    def _run_of(self, task: Task) -> TaskRun:
        """Create the task run. Raises ModelUnavailable, OSError."""
        before = self._journal.ended(task.id, task.run - 1) if task.step else None
        models = self._models_for(task, task.step if before else None)
        directory = self._work.open(task)
        return TaskRun(
            TaskExecution(task, uuid4().hex),
            directory,
            models,
            self._blobs.path(task.file),
            self._plan.defaults,
            admitted_at=time.time(),
            earlier=before.outcome if before else None,
        )

    def _models_for(self, task: Task, only: str | None) -> dict[str, ModelPlan | StepFailure]:
        """Model of each step, or of `only` that step; for an optional step without one, the reason. Raises
        ModelUnavailable."""
        kind = kinds.find(task.kind)
        models: dict[str, ModelPlan | StepFailure] = {}
        for step in kind.steps:
            if only not in (None, step.name):
                continue
            source = models.get(step.source) if step.source else None
            try:
                model = self._plan.model(step.capability, kind.model_name(step.name, task.options))
                kind.check_model(step.name, task.options, model)
                models[step.name] = source if isinstance(source, StepFailure) else model
            except ModelUnavailable as error:
                if not step.optional:
                    raise
                models[step.name] = StepFailure("model_unavailable", str(error))
        return models
