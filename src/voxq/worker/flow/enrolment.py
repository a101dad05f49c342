"""From a claimed id to an assignment: what the journal knows of it, and write step W2."""

from __future__ import annotations

import time
from uuid import uuid4

from loguru import logger

from voxq import killpoint
from voxq.tasks.claiming import Claimed, Held
from voxq.tasks.outcome import Outcome, Timings, elapsed
from voxq.tasks.parts import Parts
from voxq.tasks.task import Kind, Status, Task
from voxq.worker.complaint import Complaint
from voxq.worker.flow.blame import Blame
from voxq.worker.flow.claims import Claims
from voxq.worker.flow.closing import Closing
from voxq.worker.flow.departures import Departures
from voxq.worker.flow.stages import Stages
from voxq.worker.held.assignment import AnyAssignment
from voxq.worker.held.assignments import Assignments
from voxq.worker.held.recognition import Recognition
from voxq.worker.held.synthesis import Synthesis
from voxq.worker.plan import ModelUnavailable, WorkPlan


class Enrolment:
    """Into the assignments of one worker."""

    def __init__(
        self,
        assignments: Assignments,
        parts: Parts,
        plan: WorkPlan,
        claims: Claims,
        closing: Closing,
        departures: Departures,
        blame: Blame,
        stages: Stages,
        trouble: Complaint,
        worker_id: int,
    ) -> None:
        self._assignments = assignments
        self._journal = parts.journal
        self._work = parts.work
        self._plan = plan
        self._claims = claims
        self._closing = closing
        self._departures = departures
        self._blame = blame
        self._stages = stages
        self._trouble = trouble
        self._worker_id = worker_id

    def take_on(self, claimed: Claimed, place: int) -> bool:
        """Begin with a task, unless it has ended or cannot be done here. `place`: among those claimed with
        it, from 1. False if the disk takes or tells nothing: it is back in its lane, or its claim expires."""
        mine = self._assignments.get(claimed.task_id)
        if mine is not None:  # Redis lost the claim, and somebody queued it again
            self._departures.reclaim(mine)
            return True
        try:
            task = self._journal.open_task(claimed.task_id)
            end = None if task else self._journal.last_end(claimed.task_id)
        except OSError as error:
            self._trouble.about(error)
            return False
        if end is not None and end.task.kind is claimed.kind:  # Redis came back as it was before
            self._closing.resume(end.task)
        elif task is None or task.kind is not claimed.kind:
            logger.error("task={} is queued, but the journal here does not know it", claimed.task_id)
            self._claims.drop(claimed)
        elif self._journal.has_ended(task):
            self._closing.resume(task)
        else:
            return self._begin(task, place)
        return True

    def _begin(self, task: Task, place: int) -> bool:
        try:
            assignment = self._assigned(task)
        except ModelUnavailable as error:
            return self._refuse(task, str(error))
        except OSError as error:
            self._trouble.about(error)
            self._claims.release([task])
            return False
        assignment.last_served = time.monotonic()
        self._assignments.add(assignment)
        self._stages.begin(assignment)  # at once: it need not wait for Redis, and nobody else has the claim
        # Without an answer it is worked on all the same: a heartbeat will register it.
        if self._claims.register(assignment) is False:
            self._departures.forget(assignment)
            return True
        killpoint.reached("W2")
        if assignment.is_accused:
            self._blame.mourn(assignment)
        if assignment not in self._assignments or assignment.outcome is not None:
            return True
        logger.info(
            "Worker-{} task={} status=started queue_position={} lane={}",
            self._worker_id,
            task.short_id,
            place,
            task.lane,
        )
        return True

    def _assigned(self, task: Task) -> AnyAssignment:
        """Raises ModelUnavailable, OSError."""
        model = self._plan.model_for(task)
        directory = self._work.open(task)
        held, now = Held(task, uuid4().hex), time.time()
        if task.kind is Kind.TTS:
            options = self._plan.speech_options_for(task)
            return Synthesis(held, directory, model, options, admitted_at=now)
        return Recognition(held, directory, model, self._plan.options_for(task), admitted_at=now)

    def _refuse(self, task: Task, error: str) -> bool:
        """Its model is not to be had here. False as for `take_on`."""
        now = time.time()
        waited = elapsed(task.accepted_at, now)
        outcome = Outcome(
            status=Status.FAILED,
            ended_at=now,
            duration=task.duration or 0.0,
            error=error,
            code="model_unavailable",
            timings=Timings(queued=waited, total=waited),
            worker_id=self._worker_id,
            model=task.options.model,
        )
        if self._closing.end(task, outcome):
            return True
        self._claims.release([task])
        return False
