"""Engine time: charged to tasks and to their owners, and counted."""

from __future__ import annotations

import math
import time

from loguru import logger

from voxq.engines.contract import Rewritten
from voxq.llm import errors
from voxq.metrics import catalogue
from voxq.metrics.counters import Counters
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.runs.batch import Batch

_SAID_EVERY = 60.0
"""Seconds between two lines in the log about the same failure of a provider."""
_HALF_LIFE = 30.0
_FORGOTTEN = 0.01


class Accounting:
    """Accounts for the engine time of one worker."""

    def __init__(self, counters: Counters, worker_id: int) -> None:
        self._counters = counters
        self._worker_id = worker_id
        self._use = OwnerUse()
        self._said_at: dict[tuple[str, str], float] = {}

    def owner_use(self, owner: str, now: float) -> float:
        """Engine seconds that the owner used recently; `now` on the monotonic clock."""
        return self._use.of(owner, now)

    def charge(self, pooled: PooledModel, batch: Batch, seconds: float, *, at_once: int = 1) -> None:
        """Charge a batch that has ended, well or not, after `seconds` in an engine that worked on so many
        batches `at_once`."""
        now = time.monotonic()
        for member in batch.members:
            share = seconds * batch.share(member) / at_once
            member.step.engine_seconds += share
            member.task_run.last_served = now
            self._use.add(member.task_run.task.owner, share, now)
            self._counters.observe(catalogue.CHUNK_SECONDS, member.seconds, pooled.name)
        self._counters.observe(catalogue.BATCH_SECONDS, seconds, str(self._worker_id), pooled.name)
        self._counters.observe(catalogue.BATCH_CHUNKS, len(batch.members), pooled.name)
        self._counters.add(catalogue.PADDING_SECONDS, pooled.name, amount=pooled.padding(batch))

    def count_result(self, pooled: PooledModel, result: object) -> None:
        """Count a result that is not what was asked for, and tell the operator of a provider that failed:
        nobody else notices where rules take its place."""
        if not isinstance(result, Rewritten) or result.reason_code is None:
            return
        code = result.reason_code
        self._counters.add(catalogue.REWRITINGS_NOT_AS_ASKED, pooled.name, code)
        now = time.monotonic()
        said_at = self._said_at.get((pooled.name, code), -_SAID_EVERY)
        if code in errors.EVERY_CODE and now - said_at >= _SAID_EVERY:
            self._said_at[pooled.name, code] = now
            level = "ERROR" if code in errors.LASTING else "WARNING"
            logger.log(
                level, "Worker-{} model={} code={}: {}", self._worker_id, pooled.name, code, result.reason
            )


class OwnerUse:
    """Engine seconds that each owner used recently, so that the flood of one does not starve the others:
    halved every 30 seconds. Times on the monotonic clock."""

    def __init__(self) -> None:
        self._used: dict[str, tuple[float, float]] = {}

    def add(self, owner: str, seconds: float, now: float) -> None:
        self._used[owner] = (self.of(owner, now) + seconds, now)
        if len(self._used) > 1000:
            self._used = {o: u for o, u in self._used.items() if self.of(o, now) > _FORGOTTEN}

    def of(self, owner: str, now: float) -> float:
        used, at = self._used.get(owner, (0.0, now))
        return used * math.exp2(-(now - at) / _HALF_LIFE)
