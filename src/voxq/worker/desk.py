"""What the engine room asks and tells of tasks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from voxq.worker.assignment import AnyAssignment
from voxq.worker.stall import Stall


class Desk(Protocol):
    """Who holds the tasks and hears how they get on."""

    def assignments(self) -> Iterable[AnyAssignment]: ...

    def holds(self, assignment: AnyAssignment) -> bool: ...

    def advanced(self, assignment: AnyAssignment) -> None:
        """One of its batches has ended well: complete, or further than before."""
        ...

    def timed_out(self, assignment: AnyAssignment, limit: float) -> None:
        """It used more of the engine than the `limit`, in seconds."""
        ...

    def lost_sound(self, assignment: AnyAssignment) -> None:
        """Its decoded sound is gone: somebody ended the task, or took its files."""
        ...

    def failed(self, assignment: AnyAssignment, code: str, error: str) -> None: ...

    def hand_back(self, assignment: AnyAssignment) -> None:
        """It is to wait in its lane, or for another worker."""
        ...

    def model_changed(self, stall: Stall) -> None:
        """It was loaded, or its horse ended."""
        ...
