"""How long a step of a task, or a batch, may keep an engine busy before it is given up.

What was let in is worked on to its end, however long: the limit grows with what was predicted when the model
was warmed up, and corrected since. Whoever gets on slower than that, or not at all, has what the operator
allows.
"""

from __future__ import annotations

from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.runs.task_run import TaskStep

_PATIENCE = 4.0
"""How many times longer than predicted work may take: the machine has other work, chunks are tried again."""
_ROUNDING = 0.01


class TimeLimits:
    """In seconds of engine time, never of waiting."""

    def __init__(self, pool: ModelPool, given: float) -> None:
        """`given`: by the operator, to whatever is predicted to take less."""
        self._pool = pool
        self._given = given

    def of(self, step: TaskStep) -> float:
        """What earlier workers spent on chunks that they finished comes on top: they may have been slower."""
        cost = self._pool.of(step.model).terms.cost
        return step.recalled_seconds + self._allowed(step.work_in_all(cost))

    def is_over(self, step: TaskStep) -> bool:
        return step.engine_seconds > self.of(step) - _ROUNDING

    def for_next_batch(self, pooled: PooledModel) -> float:
        """What the next batch may take: as a task of its own, and no more than is left to one of its steps.

        So a chunk that hangs does not use up what a recording of many hours may take."""
        batch = pooled.link.next_batch
        if batch is None:
            return self._given
        left = max(self.of(step) - step.engine_seconds for step in batch.steps)
        return min(left, self._allowed(batch.predicted))

    def _allowed(self, predicted: float) -> float:
        return max(self._given, _PATIENCE * predicted)
