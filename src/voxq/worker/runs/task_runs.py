"""Task runs of a worker."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from voxq.core.task import Lane
from voxq.worker.plan import ModelPlan
from voxq.worker.runs.batch import Batch
from voxq.worker.runs.task_run import TaskRun


class TaskRuns:
    """Collection of task runs, at most one for each id. Mutable, and owned by the worker's event loop."""

    def __init__(self) -> None:
        self._by_id: dict[str, TaskRun] = {}

    def __iter__(self) -> Iterator[TaskRun]:
        """Iterate over a copy, so that task runs may be removed meanwhile."""
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, task_run: TaskRun) -> bool:
        """Whether this very run is present: its task may have come back as another run."""
        return self._by_id.get(task_run.task.id) is task_run

    def __getitem__(self, task_id: str) -> TaskRun:
        """Return the run of a task. Raises KeyError."""
        return self._by_id[task_id]

    def get(self, task_id: str) -> TaskRun | None:
        return self._by_id.get(task_id)

    def add(self, task_run: TaskRun) -> None:
        self._by_id[task_run.task.id] = task_run

    def remove(self, task_run: TaskRun) -> None:
        """Remove a run; one that is not present is ignored."""
        self._by_id.pop(task_run.task.id, None)

    def put_back(self, batch: Batch) -> None:
        """Put the chunks of a batch, which have no result, back into the line."""
        for member in batch.members:
            member.step.chunks.give_up(member.index)
        for task_run in batch.task_runs:
            if task_run in self:
                task_run.mark_running()

    @property
    def lanes(self) -> list[tuple[str, Lane]]:
        """Kind and lane of each task, which takes a slot."""
        return [(task_run.task.kind, task_run.task.lane) for task_run in self]

    def that_need(self, model: str) -> list[TaskRun]:
        """Runs that still need the model of this name."""
        return [each for each in self if any(plan.name == model for plan in each.plans)]

    @property
    def plans(self) -> Collection[ModelPlan]:
        """Models that any of the tasks still needs, each once."""
        # Asked for at every step of the event loop, over all tasks: hence no generators.
        plans: dict[str, ModelPlan] = {}
        for task_run in self._by_id.values():
            for step in task_run.steps:
                if not step.is_over:
                    plans[step.model.name] = step.model
        return plans.values()

    @property
    def models(self) -> Collection[str]:
        """Names of the models that any of the tasks still needs."""
        return {plan.name for plan in self.plans}
