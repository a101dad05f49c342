"""What the engine room asks and tells of tasks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from voxq.worker.assignment import Assignment
from voxq.worker.stall import Stall


class Desk(Protocol):
    """Who holds the tasks and hears how they get on."""

    def assignments(self) -> Iterable[Assignment]: ...

    def holds(self, assignment: Assignment) -> bool: ...

    def advanced(self, assignment: Assignment) -> None:
        """One of its batches has ended well: complete, or further than before."""
        ...

    def timed_out(self, assignment: Assignment) -> None: ...

    def lost_sound(self, assignment: Assignment) -> None:
        """Its decoded sound is gone: somebody ended the task, or took its files."""
        ...

    def failed(self, assignment: Assignment, code: str, error: str) -> None: ...

    def model_changed(self, stall: Stall) -> None:
        """It was loaded, or its horse ended."""
        ...
