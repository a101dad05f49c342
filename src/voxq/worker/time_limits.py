"""How long a task may keep an engine busy before it is given up."""

from __future__ import annotations

from voxq.worker.assignment import AnyAssignment
from voxq.worker.stable import Stable
from voxq.worker.stall import Stall

_ROUNDING = 0.01


class TimeLimits:
    """In seconds of a task's own engine time, never of its waiting."""

    def __init__(self, stable: Stable, given: float) -> None:
        """`given`: by the operator."""
        self._stable = stable
        self._given = given

    def of(self, assignment: AnyAssignment) -> float:
        return assignment.time_limit(self._given, self._stable.of(assignment.model).terms.cost)

    def is_over(self, assignment: AnyAssignment) -> bool:
        return assignment.engine_seconds > self.of(assignment) - _ROUNDING

    def for_next_batch(self, stall: Stall) -> float:
        """What the next batch may take before all of its tasks are over their limits."""
        batch = stall.horse.next_batch
        left = (self.of(each) - each.engine_seconds for each in batch.assignments) if batch else ()
        return max(left, default=self._given)
