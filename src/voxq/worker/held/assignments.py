"""The tasks that a worker holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from voxq.tasks.task import Kind, Lane
from voxq.worker.held.assignment import AnyAssignment


class Assignments:
    """At most one for each id. Mutable, and owned by one worker's event loop."""

    def __init__(self) -> None:
        self._by_id: dict[str, AnyAssignment] = {}

    def __iter__(self) -> Iterator[AnyAssignment]:
        """Those that are held now; each may leave while somebody goes through them."""
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, assignment: AnyAssignment) -> bool:
        """Whether this very one is held: its task may have come back as another."""
        return self._by_id.get(assignment.task.id) is assignment

    def __getitem__(self, task_id: str) -> AnyAssignment:
        """Raises KeyError."""
        return self._by_id[task_id]

    def get(self, task_id: str) -> AnyAssignment | None:
        return self._by_id.get(task_id)

    def add(self, assignment: AnyAssignment) -> None:
        self._by_id[assignment.task.id] = assignment

    def remove(self, assignment: AnyAssignment) -> None:
        """Also one that is not held any more."""
        self._by_id.pop(assignment.task.id, None)

    @property
    def lanes(self) -> list[tuple[Kind, Lane]]:
        """What slots are taken by: of each task its kind and its lane."""
        return [(assignment.task.kind, assignment.task.lane) for assignment in self]

    @property
    def models(self) -> Collection[str]:
        """The models that any of them is for."""
        return {assignment.model.name for assignment in self}
