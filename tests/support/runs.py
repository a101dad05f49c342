"""Tasks in the hands of a worker, for tests of what needs no model process."""

from __future__ import annotations

import time
from pathlib import Path

from plans import model_plan

from voxq import kinds
from voxq.core.task import Task
from voxq.kinds.work import Defaults
from voxq.queue.claiming import TaskExecution
from voxq.storage.scratch import WorkFiles
from voxq.worker.plan import ModelPlan
from voxq.worker.runs.task_run import TaskRun


def task_run_of(
    task: Task,
    root: Path,
    model: ModelPlan | None = None,
    defaults: Defaults | None = None,
    recording: Path | None = None,
) -> TaskRun:
    """Its work directory lies in `root`; all of its steps have the same model."""
    model = model or model_plan()
    return TaskRun(
        TaskExecution(task, "x"),
        WorkFiles(root).open(task),
        {step.name: model for step in kinds.find(task.kind).steps_for(task.options)},
        recording or root / task.file,
        defaults or Defaults(),
        admitted_at=time.time(),
    )
