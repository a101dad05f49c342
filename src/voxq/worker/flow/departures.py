"""How tasks leave a worker: ended, handed back, or lost to somebody else."""

from __future__ import annotations

import time

from loguru import logger

from voxq import killpoint
from voxq.tasks.outcome import Outcome
from voxq.tasks.parts import Parts
from voxq.tasks.task import Task
from voxq.worker.complaint import Complaint
from voxq.worker.flow.claims import Claims
from voxq.worker.flow.closing import Closing
from voxq.worker.held.assignment import AnyAssignment
from voxq.worker.held.assignments import Assignments
from voxq.worker.held.synthesis import Synthesis
from voxq.worker.media.joining import Joining
from voxq.worker.media.preparation import Preparation


class Departures:
    """Of one worker. A task is held until its end is on disk, and nothing works on it from then on."""

    def __init__(
        self,
        assignments: Assignments,
        parts: Parts,
        claims: Claims,
        closing: Closing,
        preparation: Preparation,
        joining: Joining,
        trouble: Complaint,
        worker_id: int,
    ) -> None:
        self._assignments = assignments
        self._parts = parts
        self._claims = claims
        self._closing = closing
        self._preparation = preparation
        self._joining = joining
        self._trouble = trouble
        self._worker_id = worker_id

    def complete(self, assignment: AnyAssignment) -> None:
        """All of its work is done; speech is put where clients find it, before anybody is told."""
        if isinstance(assignment, Synthesis) and assignment.file.exists():
            try:
                fsync = self._parts.settings.fsync
                self._parts.recordings.keep(assignment.file, assignment.task.file, fsync=fsync)
            except OSError as error:
                self._trouble.about(error)
                return
            killpoint.reached("W4")
        self._end(assignment, assignment.done(time.time(), self._worker_id))

    def fail(self, assignment: AnyAssignment, code: str, error: str) -> None:
        self._end(assignment, assignment.failed(time.time(), self._worker_id, code, error))

    def time_out(self, assignment: AnyAssignment, limit: float) -> None:
        """It used more of the engine than the `limit`, in seconds."""
        self.fail(assignment, "timeout", f"Processing timeout ({limit:.0f}s exceeded)")

    def cancel(self, assignment: AnyAssignment) -> None:
        self._end(assignment, assignment.cancelled(time.time(), self._worker_id))

    def try_again(self) -> None:
        """End those whose end the disk did not take a moment ago."""
        for assignment in self._assignments:
            if assignment.outcome is not None:
                self._end(assignment, assignment.outcome)
            elif assignment.is_complete:
                self.complete(assignment)

    def hand_back(self, assignment: AnyAssignment) -> None:
        """It is to wait in its lane, or for another worker."""
        assignment.release()
        self._claims.release([assignment.task])  # without Redis its claim will expire
        self._let_go(assignment)

    def hand_back_all(self) -> int:
        """At the worker's end; finished chunks stay on disk. Returns how many wait again."""
        for assignment in self._assignments:
            assignment.release()
        return self._claims.release([assignment.task for assignment in self._assignments])

    def reclaim(self, assignment: AnyAssignment) -> None:
        """The claim is gone. Redis may have lost it, then it is taken up again; or the task was cancelled."""
        if not self.drop_if_ended(assignment) and self._claims.register(assignment) is False:
            self._drop(assignment, "another worker took it over")

    def drop_if_ended(self, assignment: AnyAssignment) -> bool:
        """Whether somebody else has ended the task: then it is held no more."""
        if self._is_open(assignment.task):
            return False
        self._drop(assignment, "it ended elsewhere")
        return True

    def forget(self, assignment: AnyAssignment) -> None:
        """It is somebody else's, or ended. Whoever ended it removed its files, and some were written here at
        that moment."""
        self._let_go(assignment)
        if not self._is_open(assignment.task):
            self._parts.work.remove(assignment.task)

    def _is_open(self, task: Task) -> bool:
        """Whether it is to be worked on. Where a sick disk does not tell, it is: the end is decided later."""
        try:
            return self._parts.journal.is_open(task)
        except OSError as error:
            self._trouble.about(error)
            return True

    def _drop(self, assignment: AnyAssignment, reason: str) -> None:
        self.forget(assignment)
        logger.info(
            'Worker-{} task={} status=dropped reason="{}"', self._worker_id, assignment.task.short_id, reason
        )

    def _end(self, assignment: AnyAssignment, outcome: Outcome) -> None:
        """Let the task go once its end is on disk; until then it stays held, and this is tried again."""
        self._put_away(assignment)
        if self._closing.end(assignment.task, outcome):
            self._let_go(assignment)
        else:
            assignment.outcome = outcome

    def _let_go(self, assignment: AnyAssignment) -> None:
        self._assignments.remove(assignment)
        self._put_away(assignment)

    def _put_away(self, assignment: AnyAssignment) -> None:
        self._preparation.remove(assignment)
        if isinstance(assignment, Synthesis):
            self._joining.remove(assignment)
