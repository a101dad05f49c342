"""The heartbeat: what a worker reports to Redis each second, and what it learns in return."""

from __future__ import annotations

import time

from voxq.metrics.counters import Counters, add_to_sums
from voxq.storage.storage_id import is_other
from voxq.worker.facts import Facts
from voxq.worker.lifecycle.admission import Admission
from voxq.worker.lifecycle.claims import Claims
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.redis_link import RedisLink
from voxq.worker.runs.task_runs import TaskRuns

_EVERY = 1.0


class Heartbeat:
    """Sends the heartbeats of one worker. Times are on the monotonic clock."""

    def __init__(
        self,
        task_runs: TaskRuns,
        facts: Facts,
        claims: Claims,
        admission: Admission,
        endings: RunEndings,
        *,
        storage: str,
    ) -> None:
        """Take the parts it reports on. `storage`: identity of the worker's storage."""
        self._task_runs = task_runs
        self._facts = facts
        self._claims = claims
        self._admission = admission
        self._endings = endings
        self._storage = storage
        self.due = 0.0
        """Time of the next heartbeat."""

    def hurry(self) -> None:
        """Make a heartbeat due at once, because there is something to report."""
        self.due = 0.0

    def wait(self) -> None:
        """Schedule the next heartbeat for the usual interval, because one is on its way."""
        self.due = time.monotonic() + _EVERY

    def beat(self) -> bool:
        """Keep the worker and all of its tasks alive. False: RQ does not know the worker."""
        facts = self._facts.now(is_stopping=self._admission.is_closed)
        beat = self._claims.beat(self._task_runs, facts, self._admission.capacities())
        if beat is None:
            return True
        # While Redis serves another storage, the tasks that wait there are unknown here and would only be
        # dropped.
        self._admission.is_suspended = beat.suspended or is_other(beat.epoch, self._storage)
        for task_id in beat.lost:
            task_run = self._task_runs.get(task_id)
            if task_run is not None:
                self._endings.reclaim(task_run)
        return beat.registered


class CountReport:
    """Reports what this process has counted for `/metrics`."""

    def __init__(self, counters: Counters, redis_link: RedisLink) -> None:
        self._counters = counters
        self._redis_link = redis_link

    def send(self) -> None:
        """Send the counts since the last time, if Redis is there; otherwise keep them for later."""
        parcel = self._counters.parcel()
        if parcel is not None and self._redis_link.run(add_to_sums(parcel)) is not None:
            self._counters.arrived(parcel)
