"""Who pays when something goes wrong in an engine.

A chunk that was alone in what failed is to blame, and its task fails after `MAX_ATTEMPTS` blames; in company
all become suspects, which run alone, after the others, until it is clear who did it. What waited behind a
batch, and whoever was merely near, is never charged.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from loguru import logger

from voxq.metrics.catalogue import BLAMES
from voxq.metrics.counters import Counters
from voxq.tasks.outcome import Incident
from voxq.worker.assignment import AnyAssignment
from voxq.worker.batch import Batch
from voxq.worker.desk import Desk


class Blame:
    """Of one worker's tasks."""

    def __init__(self, desk: Desk, max_attempts: int, counters: Counters, worker_id: int) -> None:
        self._desk = desk
        self._max_attempts = max_attempts
        self._counters = counters
        self._worker_id = worker_id

    def blame(self, assignment: AnyAssignment, code: str, message: str) -> None:
        """The task did it. It is tried again, or fails for good."""
        assignment.add_incident(Incident(time.time(), code, message), blamed=True)
        self._counters.add(BLAMES, code)
        if assignment.blames >= self._max_attempts:
            times = "1 attempt" if assignment.blames == 1 else f"{assignment.blames} attempts"
            self._desk.failed(assignment, code, f"{message} Given up after {times}.")
            return
        logger.warning(
            "Worker-{} task={} attempt={} code={}",
            self._worker_id,
            assignment.task.short_id,
            assignment.blames,
            code,
        )

    def accuse(self, batch: Batch, code: str, message: str) -> None:
        """The batch failed as a whole: one of its chunks did it."""
        for member in batch.members:
            member.assignment.chunks.suspect(member.index)
        if len(batch.members) > 1:
            self.excuse(batch.assignments, code, message)
            return
        (assignment,) = batch.assignments
        if self._desk.holds(assignment):
            self.blame(assignment, code, message)

    def excuse(self, assignments: Iterable[AnyAssignment], code: str, message: str) -> None:
        """It happened to these tasks, and nobody is charged for it."""
        for assignment in filter(self._desk.holds, assignments):
            assignment.add_incident(Incident(time.time(), code, message), blamed=False)
