"""All that media processes do for the tasks of a worker: prepare their inputs, join the files they make."""

from __future__ import annotations

from dataclasses import dataclass

from voxq.worker.media.joining import Joining
from voxq.worker.media.preparation import Preparation
from voxq.worker.runs.task_run import TaskRun


@dataclass(frozen=True, slots=True)
class MediaWork:
    """Preparation and joining, which keep deadlines and end with a task together."""

    preparation: Preparation
    joining: Joining

    @property
    def deadline(self) -> float:
        """Time at which there is news, or `enforce_deadlines` has something to do (monotonic clock)."""
        return min(self.preparation.deadline, self.joining.deadline)

    def enforce_deadlines(self) -> None:
        """End requests that take too long."""
        self.preparation.enforce_deadlines()
        self.joining.enforce_deadlines()

    def remove(self, task_run: TaskRun) -> None:
        """Stop all work for a task, and discard its news."""
        self.preparation.remove(task_run)
        if task_run.output is not None:
            self.joining.remove(task_run)

    def close(self) -> None:
        """End the processes."""
        self.preparation.close()
        self.joining.close()
