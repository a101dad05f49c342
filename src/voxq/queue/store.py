"""One kind of task in Redis: its names and its limits. What is done there is in `queueing`, `claiming` and
`ends`: every change is one script, built as a `voxq.queue.script.Command` and run by whoever has a client."""

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
    """Holds no connection. TTLs and the timeout in seconds."""

    kind: str
    queues: Mapping[Lane, str]
    """The RQ queue of each lane, the best lane first."""
    result_ttl: int
    failed_ttl: int
    history_size: int
    task_timeout: int
    max_queue_seconds: float
    """Of audio that may wait; 0: no limit."""
    allowances: Allowances
    """Of owners, by name."""

    @cached_property
    def context(self) -> str:
        """What every script is told of this kind of task."""
        return json.dumps({"kind": self.kind, "lanes": [self.queues[lane] for lane in Lane]})

    @cached_property
    def lanes(self) -> Mapping[str, Lane]:
        """By queue, as scripts know them."""
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
        """A sorted set, see `voxq.queue.fingerprints`."""
        return KindName.LEASES.of(self.kind)

    @property
    def samples_key(self) -> str:
        return KindName.SAMPLES.of(self.kind)

    def task_key(self, task_id: str) -> str:
        return KindPrefix.TASK.of(self.kind, task_id)

    def allowance_of(self, owner: str) -> Allowance:
        return self.allowances.of(owner)

    def ttl_of(self, status: Status) -> int:
        """How long, in seconds, the record of an ended task is kept."""
        return self.failed_ttl if status is Status.FAILED else self.result_ttl

    def seconds_left(self, outcome: Outcome, now: float) -> int:
        """For how long the record of an ended task is still kept; negative once it should have gone."""
        return int(outcome.ended_at + self.ttl_of(outcome.status) - now)

    def job_of(self, task: Task) -> rq_job.Fields:
        """The RQ job of a task that is to be in its lane."""
        return rq_job.fields_of(task, self.queues[task.lane], self.task_timeout)
