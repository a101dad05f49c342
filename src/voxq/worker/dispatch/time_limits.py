"""Time limits: how long a step or a batch may keep an engine busy before it is given up.

A task that was admitted is worked on to its end, however long it takes: its limit grows with the time that
was predicted at the model's warm-up and corrected since. A task that progresses more slowly than that, or not
at all, gets the time that the operator allows.
"""

from __future__ import annotations

from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.runs.batch import Batch
from voxq.worker.runs.task_run import TaskStep

_PATIENCE = 4.0
"""Factor by which work may exceed its prediction: the machine has other work, and chunks are tried again."""
_ROUNDING = 0.01


class TimeLimits:
    """Limits in seconds of engine time, never of waiting."""

    def __init__(self, pool: ModelPool, given: float) -> None:
        """Take the models' predictions from `pool`. `given`: the operator's limit in seconds, for all that is
        predicted to take less."""
        self._pool = pool
        self._given = given

    def of(self, step: TaskStep) -> float:
        """Limit of a step. The time that earlier workers spent on chunks they finished is added, because
        they may have been slower."""
        cost = self._pool.of(step.model).terms.cost
        return step.recalled_seconds + self._allowed(step.work_in_all(cost))

    def is_over(self, step: TaskStep) -> bool:
        return step.engine_seconds > self.of(step) - _ROUNDING

    def of_batch(self, batch: Batch) -> float:
        """Limit of a batch: that of a task of its own, and no more than is left to one of its steps.

        So a chunk that hangs does not use up the time that a recording of many hours is allowed.
        """
        left = max(self.of(step) - step.engine_seconds for step in batch.steps)
        return min(left, self._allowed(batch.predicted))

    def _allowed(self, predicted: float) -> float:
        return max(self._given, _PATIENCE * predicted)
