"""Admit tasks from the lanes whenever the worker has a slot that they may take."""

from __future__ import annotations

import time
from collections.abc import Mapping

from voxq.core import killpoint
from voxq.queue.claiming import Capacity
from voxq.worker.lifecycle.capacity import capacities_of
from voxq.worker.lifecycle.claims import Claims
from voxq.worker.lifecycle.starting import RunStarter
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.plan import WorkPlan
from voxq.worker.runs.task_runs import TaskRuns

_TROUBLE_PAUSE = 5.0
"""Seconds without new tasks after the disk did not accept one."""


class Admission:
    """Admits tasks to one worker, up to its slots."""

    def __init__(
        self,
        task_runs: TaskRuns,
        plan: WorkPlan,
        pool: ModelPool,
        claims: Claims,
        starter: RunStarter,
        *,
        slots: int,
    ) -> None:
        self._task_runs = task_runs
        self._plan = plan
        self._pool = pool
        self._claims = claims
        self._starter = starter
        self._slots = slots
        self._may_have_work = True
        self._is_work_left = False  # as far as is known: a task that arrived since has woken the loop
        self._held = 0  # tasks of this worker when the lanes were last looked into
        self._not_before = 0.0
        self.is_closed = False
        """Whether the worker is about to end and takes on nothing more."""
        self.is_suspended = False
        """Whether something outside of the worker keeps it from taking on tasks for now."""

    def look_again(self) -> None:
        """Look into the lanes at the next `admit`: they may hold new tasks by now."""
        self._may_have_work = True

    def capacities(self) -> Mapping[str, Capacity] | None:
        """Tasks of the worker and its free capacity, by kind; None if it can take on nothing now."""
        if self.is_closed or self.is_suspended or not self._pool.is_settled:
            return None
        if time.monotonic() < self._not_before:
            return None
        return capacities_of(self._task_runs.lanes, self._slots, self._plan.models(), self._pool.broken)

    def admit(self) -> None:
        """Claim tasks (write step W1) and start each of them."""
        is_slot_free = len(self._task_runs) < self._held
        is_worth_it = self._may_have_work or (is_slot_free and self._is_work_left)
        capacities = self.capacities() if is_worth_it else None
        if capacities is None or not any(
            free for capacity in capacities.values() for free in capacity.free.values()
        ):
            return
        held, models = self._task_runs.lanes, self._plan.models()
        catch = self._claims.take(held, self._slots, models, self._pool.broken)
        if catch is None:
            self._may_have_work = False  # until the next tick
            return
        self._is_work_left = catch.left > 0
        self._may_have_work = self._is_work_left and bool(catch.claimed)
        if catch.claimed:
            killpoint.reached("W1")
        for place, each in enumerate(catch.claimed, start=1):
            if not self._starter.take_on(each, place):
                self._not_before = time.monotonic() + _TROUBLE_PAUSE
        self._held = len(self._task_runs)
