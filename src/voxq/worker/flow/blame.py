"""Who pays when something goes wrong in an engine.

A chunk that was alone in what failed is to blame, and its task fails after `MAX_ATTEMPTS` blames; in company
all become suspects, which run alone, after the others, until it is clear who did it. What waited behind a
batch, and whoever was merely near, is never charged.

A batch can also take the whole worker with it: where a container runs out of memory, everything in it ends.
The next worker knows from the work directory what was in the engine.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from loguru import logger

from voxq.metrics.catalogue import BLAMES
from voxq.metrics.counters import Counters
from voxq.tasks.outcome import Incident
from voxq.worker.flow.departures import Departures
from voxq.worker.held.assignment import AnyAssignment
from voxq.worker.held.assignments import Assignments
from voxq.worker.held.batch import Batch

_WORKER_DIED = "worker_died"


class Blame:
    """Of one worker's tasks."""

    def __init__(
        self,
        assignments: Assignments,
        departures: Departures,
        counters: Counters,
        worker_id: int,
        *,
        max_attempts: int,
    ) -> None:
        self._assignments = assignments
        self._departures = departures
        self._counters = counters
        self._worker_id = worker_id
        self._max_attempts = max_attempts

    def blame(self, assignment: AnyAssignment, code: str, message: str) -> None:
        """The task did it. It is tried again, or fails for good."""
        assignment.add_incident(Incident(time.time(), code, message), blamed=True)
        self._counters.add(BLAMES, code)
        if assignment.blames >= self._max_attempts:
            self._departures.fail(assignment, code, f"{message} Given up after {_times(assignment.blames)}.")
            return
        logger.warning(
            "Worker-{} task={} attempt={} code={}",
            self._worker_id,
            assignment.task.short_id,
            assignment.blames,
            code,
        )

    def mourn(self, assignment: AnyAssignment) -> None:
        """An earlier worker died while a suspect chunk of this task was alone in its engine.

        Workers are killed for many reasons, so that is free until it happened MAX_ATTEMPTS times.
        """
        message = f"The worker ended while this {assignment.subject} was alone in its engine."
        deaths = 1 + sum(incident.code == _WORKER_DIED for incident in assignment.incidents)
        is_too_often = deaths >= self._max_attempts
        assignment.add_incident(Incident(time.time(), _WORKER_DIED, message), blamed=is_too_often)
        assignment.mourned()
        if is_too_often:
            self._counters.add(BLAMES, _WORKER_DIED)
            self._departures.fail(assignment, _WORKER_DIED, f"{message} Given up after {_times(deaths)}.")

    def accuse(self, batch: Batch, code: str, message: str) -> None:
        """The batch failed as a whole: one of its chunks did it."""
        for member in batch.members:
            member.assignment.chunks.suspect(member.index)
        if len(batch.members) > 1:
            self.excuse(batch.assignments, code, message)
            return
        (assignment,) = batch.assignments
        if assignment in self._assignments:
            self.blame(assignment, code, message)

    def excuse(self, assignments: Iterable[AnyAssignment], code: str, message: str) -> None:
        """It happened to these tasks, and nobody is charged for it."""
        for assignment in assignments:
            if assignment in self._assignments:
                assignment.add_incident(Incident(time.time(), code, message), blamed=False)


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"
