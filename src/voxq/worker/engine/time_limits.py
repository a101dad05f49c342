"""How long a task, or a batch, may keep an engine busy before it is given up.

What was let in is worked on to its end, however long: the limit grows with what was predicted when the model
was warmed up, and corrected since. Whoever gets on slower than that, or not at all, has what the operator
allows.
"""

from __future__ import annotations

from voxq.worker.held.assignment import AnyAssignment
from voxq.worker.models.stable import Stable
from voxq.worker.models.stall import Stall

_PATIENCE = 4.0
"""How many times longer than predicted work may take: the machine has other work, chunks are tried again."""
_ROUNDING = 0.01


class TimeLimits:
    """In seconds of engine time, never of waiting."""

    def __init__(self, stable: Stable, given: float) -> None:
        """`given`: by the operator, to whatever is predicted to take less."""
        self._stable = stable
        self._given = given

    def of(self, assignment: AnyAssignment) -> float:
        """What earlier workers spent on chunks that they finished comes on top: they may have been slower."""
        cost = self._stable.of(assignment.model).terms.cost
        return assignment.recalled_seconds + self._allowed(assignment.work_in_all(cost))

    def is_over(self, assignment: AnyAssignment) -> bool:
        return assignment.engine_seconds > self.of(assignment) - _ROUNDING

    def for_next_batch(self, stall: Stall) -> float:
        """What the next batch may take: as a task of its own, and no more than is left to one of its tasks.

        So a chunk that hangs does not use up what a recording of many hours may take."""
        batch = stall.horse.next_batch
        if batch is None:
            return self._given
        left = max(self.of(assignment) - assignment.engine_seconds for assignment in batch.assignments)
        return min(left, self._allowed(batch.predicted))

    def _allowed(self, predicted: float) -> float:
        return max(self._given, _PATIENCE * predicted)
