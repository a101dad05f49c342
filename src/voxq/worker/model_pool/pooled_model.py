"""One model's place in a worker: its model process, what its batches may be, how long it takes, what it
needs."""

from __future__ import annotations

from dataclasses import replace

from voxq.machine.device_memory import DeviceMemory
from voxq.worker.model_pool.model_link import ModelLink
from voxq.worker.model_pool.residency import Resident
from voxq.worker.pace import Pace
from voxq.worker.plan import ModelPlan
from voxq.worker.runs.batch import Batch
from voxq.worker.scheduler import BatchLimits, BatchTerms, worth_waiting

# Before a model was ever loaded, the size of its files tells what to expect.
_MEMORY_FACTOR, _MEMORY_FIXED_MB = 1.5, 300
_LOAD_SECONDS_FIXED, _LOAD_MB_PER_SECOND = 2.0, 100.0


class PooledModel:
    """Mutable, and owned by one worker's event loop. Times are on the monotonic clock."""

    def __init__(
        self,
        plan: ModelPlan,
        link: ModelLink,
        limits: BatchLimits,
        now: float,
        *,
        is_elsewhere: bool = False,
    ) -> None:
        """`is_elsewhere`: it takes none of the memory that the worker's models share."""
        self.plan = plan
        self.link = link
        self.limits = limits
        """In force now: smaller than at first after memory ran out."""
        self.last_used = now
        self.has_turn_until = 0.0
        """Before, no other model takes its place while there is work for it."""
        self.is_kept = False
        """Whether it is to be there: it is loaded again when its model process dies."""
        self.is_leaving = False
        """Whether it is to be unloaded as soon as its batches are done."""
        self.is_on_demand = False
        """Whether it is being loaded because a task needs it: neither at the start nor after a crash."""
        self._pace = Pace()
        self._is_elsewhere = is_elsewhere
        self._measured_mb: int | None = 0 if is_elsewhere else None

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def device(self) -> str:
        """What it runs on: "cpu", "cuda:0", ..."""
        return self.plan.request.device

    @property
    def is_present(self) -> bool:
        """Whether it takes memory: loading or loaded."""
        return self.link.child is not None

    @property
    def is_available(self) -> bool:
        """Whether it may be given batches."""
        return self.link.is_ready and not self.is_leaving

    @property
    def revision(self) -> str | None:
        """Of its weights; None until it was loaded once."""
        return self.link.loaded.revision if self.link.loaded else None

    @property
    def terms(self) -> BatchTerms:
        return BatchTerms(self._pace.correct(self.link.cost), self.limits)

    @property
    def load_seconds(self) -> float:
        """Of the last load; before the first one an estimate."""
        if self.link.loaded:
            return self.link.loaded.seconds
        return _LOAD_SECONDS_FIXED + self.plan.size_mb / _LOAD_MB_PER_SECOND

    @property
    def memory_mb(self) -> int:
        """What it takes, or took; before the first load an estimate."""
        if self._measured_mb is not None:
            return self._measured_mb
        return round(_MEMORY_FACTOR * self.plan.size_mb + _MEMORY_FIXED_MB)

    def measure(self, memory: DeviceMemory) -> None:
        """Look how much it takes now."""
        if not self._is_elsewhere and self.link.is_ready and self.link.child and self.link.loaded:
            measured = memory.of_process(self.link.child.pid)
            self._measured_mb = self.link.loaded.memory_mb if measured is None else measured

    def begin_turn(self, now: float) -> None:
        """It is loaded: that should be worth its while, or two models with memory for one would take it from
        each other before either has done anything."""
        self.last_used = now
        self.has_turn_until = now + worth_waiting(self.load_seconds)

    def as_resident(self, *, is_needed: bool) -> Resident:
        return Resident(self.name, self.memory_mb, self.last_used, is_needed, not self.link.is_ready)

    def observe(self, batch: Batch, seconds: float, now: float) -> None:
        """A batch has ended well after `seconds` of the engine's time."""
        self.last_used = now
        self._pace = self._pace.after(self.link.cost.predict(self._padded(batch)), seconds)

    def padding(self, batch: Batch) -> float:
        """Seconds of silence that the engine adds to make its chunks equal."""
        if self.limits.is_parallel:
            return 0.0
        return self._padded(batch) - sum(member.seconds for member in batch.members)

    def shrink(self, batch: Batch) -> None:
        """Memory did not suffice for this batch: from now on, half of it at most."""
        half = self._padded(batch) / 2
        self.limits = replace(self.limits, padded_seconds=min(self.limits.padded_seconds, half))

    def _padded(self, batch: Batch) -> float:
        return self.limits.padded(max(member.seconds for member in batch.members), len(batch.members))
