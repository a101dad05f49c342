"""Forms batches from chunks and gives them to the model processes.

On each device one batch is in an engine at a time, whatever models are loaded: two at once would take twice
as long, and their predicted times would be wrong. A synthesiser on the CPU and a recogniser on a GPU do not
delay each other; where there is only the CPU, they take turns on its cores.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import count

from voxq.worker.dispatch.accounting import Accounting
from voxq.worker.dispatch.anticipation import Anticipation
from voxq.worker.dispatch.company import BatchTimes, Company
from voxq.worker.dispatch.waiting_chunks import coming, waiting
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.runs.batch import Batch, Member
from voxq.worker.runs.task_runs import TaskRuns
from voxq.worker.scheduler import WaitingChunk, choose


class Dispatcher:
    """Dispatches the batches of one worker's models. Times are on the monotonic clock."""

    def __init__(
        self, task_runs: TaskRuns, pool: ModelPool, accounting: Accounting, times: BatchTimes
    ) -> None:
        self._task_runs = task_runs
        self._company = Company(times)
        self._pool = pool
        self._accounting = accounting
        self._anticipations: defaultdict[str, Anticipation] = defaultdict(Anticipation)
        self._numbers = count(1)

    def feed(self) -> None:
        """Load what is needed next, and give batches to each device while it has capacity for one."""
        self._pool.part()
        needed = [self._pool.of(plan) for plan in self._task_runs.plans]
        for device in dict.fromkeys(pooled.device for pooled in needed):
            self._dispatch(device, needed)

    @property
    def next_event(self) -> float:
        """Time at which `feed` will have something to do that no message announces."""
        now = time.monotonic()
        dispatcher = map(self._dispatches_from, self._pool.devices)
        return min((at for at in dispatcher if at > now), default=float("inf"))

    def _dispatch(self, device: str, needed: Sequence[PooledModel]) -> None:
        """Give batches to one device. `needed`: models that the tasks here still need."""
        anticipation = self._anticipations[device]
        while True:
            self._pool.part()
            now = time.monotonic()
            has_capacity = now >= self._free_from(device)
            if not has_capacity and all(pooled.is_available for pooled in needed):
                return
            chosen = self._choose(device)
            if not (has_capacity and chosen):
                return
            wait_until = anticipation.hold_until(
                now, chosen[0].lane, coming(self._task_runs, self._pool, device)
            )
            if wait_until > now or not self._give(chosen):
                return
            anticipation.went()

    def _choose(self, device: str) -> list[WaitingChunk]:
        """Choose the next batch of a loaded model on the device; empty if there is none. A model that is not
        loaded and whose batch would come first is brought."""
        now = time.monotonic()
        everything = list(waiting(self._task_runs, self._pool, self._accounting, self._company, now))
        terms = {pooled.name: pooled.terms for pooled in self._pool}
        working = {chunk.model for chunk in everything}
        working |= {pooled.name for pooled in self._pool if not pooled.link.is_idle}
        candidates = [chunk for chunk in everything if self._pool[chunk.model].device == device]
        is_somebody_coming = False
        while chosen := choose(candidates, terms):
            pooled = self._pool[chosen[0].model]
            if pooled.is_available:
                break
            if not is_somebody_coming:
                is_somebody_coming = self._pool.bring(pooled, self._task_runs.models, working)
            candidates = [chunk for chunk in candidates if chunk.model != pooled.name]
        return chosen

    def _give(self, chosen: Sequence[WaitingChunk]) -> bool:
        """Give the batch to its model process. False if the engine must become free first."""
        pooled = self._pool[chosen[0].model]
        busy = self._pool.busy_on(pooled.device)
        is_suspect, ahead = chosen[0].is_suspect, busy.link.next_batch if busy else None
        if ahead is not None and (busy is not pooled or is_suspect or ahead.is_suspect):
            return False  # a suspect runs alone, and a device serves one model at a time
        members = tuple(map(self._member, chosen))
        batch = Batch(str(next(self._numbers)), members, pooled.terms.predict(chosen), is_suspect)
        for step in batch.steps:
            step.begin([member.index for member in members if member.step is step])
        pooled.link.give(batch)
        return True

    def _member(self, chunk: WaitingChunk) -> Member:
        step = self._task_runs[chunk.task_id].step(chunk.step)
        if chunk.count > 1:
            step.join(chunk.index, chunk.count)
        return Member(step, chunk.index)

    def _free_from(self, device: str) -> float:
        busy = self._pool.busy_on(device)
        return busy.link.free_from if busy else 0.0

    def _dispatches_from(self, device: str) -> float:
        return max(self._free_from(device), self._anticipations[device].wait_until)
