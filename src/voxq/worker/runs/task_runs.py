"""The tasks that a worker holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from voxq.core.task import Lane
from voxq.worker.runs.task_run import TaskRun


class TaskRuns:
    """At most one for each id. Mutable, and owned by one worker's event loop."""

    def __init__(self) -> None:
        self._by_id: dict[str, TaskRun] = {}

    def __iter__(self) -> Iterator[TaskRun]:
        """Those that are held now; each may leave while somebody goes through them."""
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, task_run: TaskRun) -> bool:
        """Whether this very one is held: its task may have come back as another."""
        return self._by_id.get(task_run.task.id) is task_run

    def __getitem__(self, task_id: str) -> TaskRun:
        """Raises KeyError."""
        return self._by_id[task_id]

    def get(self, task_id: str) -> TaskRun | None:
        return self._by_id.get(task_id)

    def add(self, task_run: TaskRun) -> None:
        self._by_id[task_run.task.id] = task_run

    def remove(self, task_run: TaskRun) -> None:
        """Also one that is not held any more."""
        self._by_id.pop(task_run.task.id, None)

    @property
    def lanes(self) -> list[tuple[str, Lane]]:
        """What slots are taken by: of each task its kind and its lane."""
        return [(task_run.task.kind, task_run.task.lane) for task_run in self]

    @property
    def models(self) -> Collection[str]:
        """The models that any of them is for."""
        return {model.name for task_run in self for model in task_run.models}
