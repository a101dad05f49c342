"""From the id of a claimed task to its run: what the journal knows of it, its models, its work directory."""

from __future__ import annotations

import time

from voxq import kinds
from voxq.core.task import Task
from voxq.kinds.work import ModelUnavailable
from voxq.parts import Parts
from voxq.queue.claiming import Claimed, TaskExecution
from voxq.worker.plan import ModelPlan, WorkPlan
from voxq.worker.runs.step_run import StepFailure
from voxq.worker.runs.task_run import TaskRun


class RunFactory:
    """Makes task runs from what lies on disk."""

    def __init__(self, parts: Parts, plan: WorkPlan) -> None:
        self._journal = parts.journal
        self._work = parts.work
        self._blobs = parts.blobs
        self._voiceprints = parts.voiceprints
        self._plan = plan

    def find(self, claimed: Claimed) -> tuple[Task, bool] | None:
        """Find the task and whether it has ended; None if the journal here does not know it. Raises
        OSError."""
        task = self._journal.open_task(claimed.task_id)
        if task is not None:
            has_ended = self._journal.has_ended(task)
        else:
            end = self._journal.last_end(claimed.task_id)
            task, has_ended = end.task if end else None, True
        return (task, has_ended) if task is not None and task.kind == claimed.kind else None

    def make(self, task: Task, execution: str) -> TaskRun:
        """Create the run of an open task. Raises ModelUnavailable, OSError."""
        before = self._journal.ended(task.id, task.run - 1) if task.step else None
        models = self._models_for(task, task.step if before else None)
        directory = self._work.open(task)
        return TaskRun(
            TaskExecution(task, execution),
            directory,
            models,
            self._blobs.path(task.file),
            self._plan.defaults,
            admitted_at=time.time(),
            earlier=before.outcome if before else None,
            voiceprints=self._voiceprints,
        )

    def _models_for(self, task: Task, only: str | None) -> dict[str, ModelPlan | StepFailure]:
        """Model of each step, or of `only` that step; for an optional step without one, the reason. Raises
        ModelUnavailable."""
        kind = kinds.find(task.kind)
        models: dict[str, ModelPlan | StepFailure] = {}
        for step in kind.steps_for(task.options):
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
