"""One model in a worker's pool: its process, batch limits, speed and memory."""

from __future__ import annotations

from dataclasses import replace

from voxq.machine.device_memory import DeviceMemory
from voxq.worker.model_pool.model_link import ModelLink
from voxq.worker.model_pool.residency import Resident
from voxq.worker.pace import Pace
from voxq.worker.plan import ModelPlan
from voxq.worker.runs.batch import Batch
from voxq.worker.scheduler import BatchLimits, BatchTerms, worth_waiting

# Before the first load, memory is estimated from the size of the model's files.
_MEMORY_FACTOR, _MEMORY_FIXED_MB = 1.5, 300
_LOAD_SECONDS_FIXED, _LOAD_MB_PER_SECOND = 2.0, 100.0


class PooledModel:
    """State of one model, owned by the worker's event loop; mutable. Times are on the monotonic clock."""

    def __init__(
        self,
        plan: ModelPlan,
        link: ModelLink,
        limits: BatchLimits,
        now: float,
        *,
        is_elsewhere: bool = False,
    ) -> None:
        """Describe a model that is not loaded. `is_elsewhere`: it uses none of the memory that the worker's
        models share."""
        self.plan = plan
        self.link = link
        self.limits = limits
        """Current limits: smaller than at first after memory ran out."""
        self.last_used = now
        self.has_turn_until = 0.0
        """Time until which no other model takes its place while there is work for it."""
        self.is_kept = False
        """Whether it should stay loaded: it is loaded again when its model process dies."""
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
        """Device that it runs on: "cpu", "cuda:0", ..."""
        return self.plan.request.device

    @property
    def is_present(self) -> bool:
        """Whether it uses memory: loading or loaded."""
        return self.link.child is not None

    @property
    def is_available(self) -> bool:
        """Whether it may be given batches."""
        return self.link.is_ready and not self.is_leaving

    @property
    def revision(self) -> str | None:
        """Revision of its weights; None until it was loaded once."""
        return self.link.loaded.revision if self.link.loaded else None

    @property
    def terms(self) -> BatchTerms:
        return BatchTerms(self._pace.correct(self.link.cost), self.limits)

    @property
    def load_seconds(self) -> float:
        """Seconds that the last load took; an estimate before the first one."""
        if self.link.loaded:
            return self.link.loaded.seconds
        return _LOAD_SECONDS_FIXED + self.plan.size_mb / _LOAD_MB_PER_SECOND

    @property
    def memory_mb(self) -> int:
        """Memory in use, or last used; an estimate before the first load."""
        if self._measured_mb is not None:
            return self._measured_mb
        return round(_MEMORY_FACTOR * self.plan.size_mb + _MEMORY_FIXED_MB)

    def measure(self, memory: DeviceMemory) -> None:
        """Measure the memory that it uses now."""
        if not self._is_elsewhere and self.link.is_ready and self.link.child and self.link.loaded:
            measured = memory.of_process(self.link.child.pid)
            self._measured_mb = self.link.loaded.memory_mb if measured is None else measured

    def begin_turn(self, now: float) -> None:
        """Begin its turn once it is loaded. A turn makes the load worth its while: otherwise two models with
        memory for one would displace each other before either has done any work."""
        self.last_used = now
        self.has_turn_until = now + worth_waiting(self.load_seconds)

    def as_resident(self, *, is_needed: bool) -> Resident:
        return Resident(self.name, self.memory_mb, self.last_used, is_needed, not self.link.is_ready)

    def observe(self, batch: Batch, seconds: float, now: float) -> None:
        """Record a batch that has ended well after `seconds` of engine time."""
        self.last_used = now
        self._pace = self._pace.after(self.link.cost.predict(self._padded(batch)), seconds)

    def padding(self, batch: Batch) -> float:
        """Seconds of silence that the engine adds to make the chunks of a batch equally long."""
        if self.limits.is_parallel or self.limits.at_once > 1:
            return 0.0
        return self._padded(batch) - sum(member.seconds for member in batch.members)

    def shrink(self, batch: Batch) -> None:
        """Halve the limits to fit below this batch, for which memory did not suffice."""
        half = self._padded(batch) / 2
        self.limits = replace(self.limits, padded_seconds=min(self.limits.padded_seconds, half))

    def _padded(self, batch: Batch) -> float:
        return self.limits.padded(max(member.seconds for member in batch.members), len(batch.members))
