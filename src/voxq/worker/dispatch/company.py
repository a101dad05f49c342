"""Company that a task has in a worker, and what follows for its batches.

While nobody else is there, a recording goes through the engine in long chunks and large batches. While
somebody waits for a short task, a long recording goes in short ones: a voice note that comes in the middle of
a batch has to wait for its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from voxq.core.task import Lane

_REMEMBERED = 30.0
"""Seconds for which somebody counts as present: who has sent one voice note often sends another."""
_KEPT = 2
"""Short tasks that are remembered: the last one, and another for which that one is company."""
_ALONE = 3.0
"""Factor on the length of a batch that nobody has to wait for."""


@dataclass(frozen=True, slots=True)
class BatchTimes:
    """Predicted engine seconds that a batch may take: `usual`, and `brief` if a short task and a long one are
    there."""

    usual: float
    brief: float

    @property
    def alone(self) -> float:
        """Seconds while only one task is there."""
        return _ALONE * self.usual


class Company:
    """Tasks that a worker has, or had a moment ago. Times in seconds on any one clock."""

    def __init__(self, times: BatchTimes) -> None:
        self._times = times
        self._short: dict[str, float] = {}
        self._is_long_there = False

    def see(self, tasks: Iterable[tuple[str, Lane]], now: float) -> None:
        """Note the tasks, by id and lane, that are in work."""
        self._is_long_there = False
        for task_id, lane in tasks:
            if lane is Lane.LONG:
                self._is_long_there = True
                continue
            self._short.pop(task_id, None)
            self._short[task_id] = now
        for task_id in list(self._short)[:-_KEPT]:
            del self._short[task_id]

    def has_short(self, task_id: str, now: float) -> bool:
        """Whether another task than this one is short and in work, or was a moment ago."""
        return any(other != task_id and now - at < _REMEMBERED for other, at in self._short.items())

    def is_cut_fine(self, task_id: str, lane: Lane, now: float) -> bool:
        """Whether the task is long and somebody waits for a short one."""
        return lane is Lane.LONG and self.has_short(task_id, now)

    def batch_seconds(self, task_id: str, lane: Lane, now: float) -> float:
        """Predicted engine seconds that a batch led by a chunk of this task may take."""
        if self.has_short(task_id, now):
            return self._times.brief if lane is Lane.LONG else self._times.usual
        if lane is not Lane.LONG and self._is_long_there:
            return self._times.brief
        return self._times.alone
