"""Engine time: charged to tasks and to their owners, and counted."""

from __future__ import annotations

import time

from voxq.metrics import catalogue
from voxq.metrics.counters import Counters
from voxq.worker.dispatch.usage import OwnerUse
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.runs.batch import Batch


class Accounting:
    """Accounts for the engine time of one worker."""

    def __init__(self, counters: Counters, worker_id: int) -> None:
        self._counters = counters
        self._worker_id = worker_id
        self._use = OwnerUse()

    def owner_use(self, owner: str, now: float) -> float:
        """Engine seconds that the owner used recently; `now` on the monotonic clock."""
        return self._use.of(owner, now)

    def charge(self, pooled: PooledModel, batch: Batch, seconds: float) -> None:
        """Charge a batch that has ended, well or not, after `seconds` of engine time."""
        now = time.monotonic()
        for member in batch.members:
            share = seconds * batch.share(member)
            member.step.engine_seconds += share
            member.task_run.last_served = now
            self._use.add(member.task_run.task.owner, share, now)
            self._counters.observe(catalogue.CHUNK_SECONDS, member.seconds, pooled.name)
        self._counters.observe(catalogue.BATCH_SECONDS, seconds, str(self._worker_id), pooled.name)
        self._counters.observe(catalogue.BATCH_CHUNKS, len(batch.members), pooled.name)
        self._counters.add(catalogue.PADDING_SECONDS, pooled.name, amount=pooled.padding(batch))
