"""Redis names and limits of one kind of task.

The operations are in `enqueueing`, `claiming` and `ends`: each is one script, built as a
`voxq.queue.script.Command` and run with any client.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from voxq.core.outcome import Outcome
from voxq.core.task import Lane, Status, Task
from voxq.queue import rq_job
from voxq.queue.keys import KindName, KindPrefix
from voxq.settings.keys import Allowance, Allowances


@dataclass(frozen=True)
class Store:
    """Redis names and limits of one kind of task, without a connection. TTLs and the timeout in seconds."""

    kind: str
    queues: Mapping[Lane, str]
    """RQ queue of each lane, best lane first."""
    result_ttl: int
    failed_ttl: int
    history_size: int
    task_timeout: int
    max_queue_seconds: float
    """Limit on the audio that may wait; 0 for no limit."""
    allowances: Allowances
    """Allowances of owners, by name."""

    @cached_property
    def context(self) -> str:
        """JSON that every script gets about this kind of task."""
        return json.dumps({"kind": self.kind, "lanes": [self.queues[lane] for lane in Lane]})

    @cached_property
    def lanes(self) -> Mapping[str, Lane]:
        """Lane of each RQ queue."""
        return {queue: lane for lane, queue in self.queues.items()}

    @property
    def history_key(self) -> str:
        return KindName.HISTORY.of(self.kind)

    @property
    def audio_key(self) -> str:
        return KindName.AUDIO.of(self.kind)

    @property
    def stats_key(self) -> str:
        return KindName.STATS.of(self.kind)

    @property
    def leases_key(self) -> str:
        """Key of the sorted set of leases, see `voxq.queue.fingerprints`."""
        return KindName.LEASES.of(self.kind)

    @property
    def samples_key(self) -> str:
        return KindName.SAMPLES.of(self.kind)

    def task_key(self, task_id: str) -> str:
        return KindPrefix.TASK.of(self.kind, task_id)

    def allowance_of(self, owner: str) -> Allowance:
        return self.allowances.of(owner)

    def ttl_of(self, status: Status) -> int:
        """Seconds for which the record of an ended task is kept."""
        return self.failed_ttl if status is Status.FAILED else self.result_ttl

    def seconds_left(self, outcome: Outcome, now: float) -> int:
        """Remaining seconds for which the record of an ended task is kept; negative once it has expired."""
        return int(outcome.ended_at + self.ttl_of(outcome.status) - now)

    def job_of(self, task: Task) -> rq_job.Fields:
        """Fields of the RQ job of a task to be queued in its lane."""
        return rq_job.fields_of(task, self.queues[task.lane], self.task_timeout)
