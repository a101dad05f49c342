"""Models of one worker: which are loaded, which come and which go. One model process for each of them.

Unloading a model ends its model process, so its memory is really free, and a crash affects one model only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from loguru import logger

from voxq import kinds
from voxq.machine.device_memory import DeviceMemory
from voxq.metrics.catalogue import LOAD_SECONDS, UNLOADS
from voxq.metrics.counters import Counters
from voxq.processes.model.protocol import Drafted, Finished
from voxq.worker.model_pool import residency
from voxq.worker.model_pool.model_link import ModelProcessFailed
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.plan import ModelPlan
from voxq.worker.poller import Poller
from voxq.worker.runs.batch import Batch


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Limits of a worker's models."""

    budget_mb: int
    """Memory for all loaded models."""
    idle_seconds: float
    """Seconds after which a model that nobody uses is unloaded; 0: never."""
    max_attempts: int
    """Failed loads in a row after which a model counts as broken."""


@dataclass(slots=True)
class Tally:
    """Counts since the worker's start; mutable."""

    loads: int = 0
    load_seconds: float = 0.0
    switches: int = 0
    """Loads because a task needed the model, neither at the start nor after a crash."""
    out_of_memory: int = 0


class ModelPool:
    """Loads and unloads the models of one worker, one load at a time. Times are on the monotonic clock."""

    def __init__(
        self,
        default: ModelPlan,
        make: Callable[[ModelPlan], PooledModel],
        memory: DeviceMemory,
        poller: Poller,
        counters: Counters,
        limits: PoolLimits,
        worker_id: int,
    ) -> None:
        """Load nothing yet. `make` makes a model, not loaded, when it is first asked for."""
        self._make = make
        self._memory = memory
        self._poller = poller
        self._counters = counters
        self._limits = limits
        self._worker_id = worker_id
        self._preloaded: list[PooledModel] = []
        self.default = make(default)
        self._models = {default.name: self.default}
        self.tally = Tally()
        self._arrived: dict[str, PooledModel] = {}

    def __iter__(self) -> Iterator[PooledModel]:
        return iter(list(self._models.values()))

    def __getitem__(self, name: str) -> PooledModel:
        """Return a model that was asked for before. Raises KeyError."""
        return self._models[name]

    def of(self, plan: ModelPlan) -> PooledModel:
        """Return the pooled model of this plan, created when it is first asked for."""
        if plan.name not in self._models:
            self._models[plan.name] = self._make(plan)
        return self._models[plan.name]

    @property
    def memory(self) -> DeviceMemory:
        return self._memory

    @property
    def devices(self) -> Sequence[str]:
        """Devices of its models: the worker's, and the CPU for models that only run there."""
        return list(dict.fromkeys(pooled.device for pooled in self))

    def busy_on(self, device: str) -> PooledModel | None:
        """Model on this device that has batches, if any; there is at most one."""
        return next((pooled for pooled in self if pooled.device == device and not pooled.link.is_idle), None)

    @property
    def batches(self) -> Collection[Batch]:
        """All batches that engines were given and have not ended."""
        return [batch for pooled in self for batch in pooled.link.batches]

    @property
    def is_settled(self) -> bool:
        """Whether each model to be loaded at the start is loaded, or known not to load; the default must be
        loaded."""
        return all(
            pooled.link.loaded is not None
            or (pooled is not self.default and (pooled.link.failures > 0 or not pooled.is_kept))
            for pooled in self._preloaded
        )

    @property
    def is_ready(self) -> bool:
        """Whether work can start: settled, and what is to stay loaded has not lost its model process.

        The default counts, or any other where the default is not to stay loaded; a model that is unloaded
        until a task needs it does not.
        """
        kept = [pooled for pooled in self if pooled.is_kept and not pooled.is_on_demand]
        counting = [self.default] if self.default in kept else kept
        return self.is_settled and (not counting or any(pooled.link.is_ready for pooled in counting))

    @property
    def broken(self) -> Mapping[str, Collection[str]]:
        """Names of the models that tasks have to wait for; "" is the one for tasks that name none.

        Only the default is tried again without end: the worker is of no use without it.
        """
        default = self.default
        is_broken = not default.link.is_ready and default.link.failures >= self._limits.max_attempts
        if not is_broken:
            return {}
        using = [kind for kind in kinds.registered().values() if kind.capability == default.plan.capability]
        return {kind.name: ("", default.name) for kind in using}

    @property
    def hopeless(self) -> Collection[PooledModel]:
        """Models, except the default, that do not load."""
        return [
            pooled
            for pooled in self
            if pooled is not self.default and pooled.link.failures >= self._limits.max_attempts
        ]

    def preload(self, plans: Sequence[ModelPlan]) -> None:
        """Mark these models to be loaded from the start."""
        self._preloaded = [self.of(plan) for plan in plans]
        for pooled in self._preloaded:
            pooled.is_kept = True

    def keep(self) -> None:
        """Start the models that should be loaded and are not: at the beginning, and after a crash."""
        for pooled in self:
            if not pooled.is_kept or pooled.is_present:
                continue
            if self._too_many_beside(pooled, frozenset()):
                pooled.is_kept = False  # it is loaded again when a task needs it
                logger.warning(
                    "Worker-{} model={} is not loaded: no memory left", self._worker_id, pooled.name
                )
            else:
                self._start(pooled)

    def bring(self, pooled: PooledModel, needed: Collection[str], working: Collection[str]) -> bool:
        """Load a model for a task as soon as its memory is free. `needed`: models of any task; `working`:
        models that have work now.

        False if it has to wait: it failed to load a moment ago, or it is the turn of the models in its place.
        Another model may be brought meanwhile.
        """
        if pooled.is_present:
            pooled.is_leaving = False
            return True
        if not pooled.link.may_start:
            return False
        if any(other.link.is_loading for other in self):
            return True
        leaving, now = self._too_many_beside(pooled, needed), time.monotonic()
        if any(other.name in working and now < other.has_turn_until for other in leaving):
            return False
        for other in leaving:
            other.is_leaving = True
        self.part()
        if not any(other.is_leaving for other in self):
            pooled.is_on_demand = pooled.is_on_demand or not pooled.is_kept
            self._start(pooled)
        return True

    def has_memory_for(self, pooled: PooledModel) -> bool:
        """Whether a second copy of a loaded model has memory beside those that are loaded."""
        used = sum(resident.memory_mb for resident in self._residents(frozenset()))
        return used + pooled.memory_mb <= self._limits.budget_mb

    def part(self) -> None:
        """Unload the models that are to leave and have finished their batches."""
        for pooled in self:
            if pooled.is_leaving and pooled.link.is_idle:
                self.unload(pooled)

    def tidy(self, now: float, needed: Collection[str]) -> None:
        """Unload models that nobody uses, and those that exceed the memory: models grow while they work."""
        residents = self._residents(needed)
        idle = residency.idle(residents, now, self._limits.idle_seconds)
        for pooled in self._named(idle | residency.excess(residents, self._limits.budget_mb)):
            pooled.is_leaving = True
        self.part()

    def unload_others(self, pooled: PooledModel) -> bool:
        """Unload all others on its device, which are idle while this one works. False if there are none."""
        others = [each for each in self if each.device == pooled.device and each.link.is_ready]
        others = [each for each in others if each is not pooled]
        for other in others:
            self.unload(other)
        return bool(others)

    def unload(self, pooled: PooledModel) -> None:
        pooled.measure(self._memory)
        self.end_process(pooled)
        pooled.is_kept = pooled.is_leaving = False
        self._counters.add(UNLOADS, pooled.name)
        logger.info("Worker-{} model={} status=unloaded", self._worker_id, pooled.name)

    def end_process(self, pooled: PooledModel) -> ModelProcessFailed:
        """End the model's process now. Returns the failure, with the batch that it was working on."""
        if pooled.link.child is not None:
            self._poller.unwatch(pooled.link.child.fileno())
        self._arrived.pop(pooled.name, None)  # what it sent last is lost with it
        return pooled.link.kill()

    def forget(self, pooled: PooledModel) -> None:
        """Forget a model that cannot be loaded. The next task for it may try again, from the beginning."""
        self.end_process(pooled)
        self._models.pop(pooled.name, None)

    def take_arrived(self) -> Iterator[PooledModel]:
        """Yield each model whose process has sent something since the last call: `receive` will not block."""
        while self._arrived:
            yield self._arrived.pop(next(iter(self._arrived)))

    def receive(
        self, pooled: PooledModel, seconds_allowed: Callable[[Batch], float]
    ) -> tuple[Batch, Finished | Drafted] | None:
        """Take one message, as `ModelLink.receive` does."""
        descriptor = pooled.link.child.fileno() if pooled.link.child else -1
        was_ready = pooled.link.is_ready
        try:
            answer = pooled.link.receive(seconds_allowed)
        except ModelProcessFailed:
            self._poller.unwatch(descriptor)
            raise
        if pooled.link.is_ready and not was_ready:
            self._on_loaded(pooled)
        return answer

    def close(self) -> None:
        for pooled in self:
            self.end_process(pooled)

    def _on_loaded(self, pooled: PooledModel) -> None:
        pooled.begin_turn(time.monotonic())
        pooled.measure(self._memory)
        self.tally.loads += 1
        self.tally.load_seconds += pooled.load_seconds
        self.tally.switches += pooled.is_on_demand
        self._counters.observe(
            LOAD_SECONDS, pooled.load_seconds, pooled.name, str(pooled.is_on_demand).lower()
        )
        pooled.is_on_demand = False
        logger.info(
            "Worker-{} model={} status=loaded engine={} device={} load={:.1f}s memory={}MB",
            self._worker_id,
            pooled.name,
            pooled.plan.request.engine,
            pooled.device,
            pooled.load_seconds,
            pooled.memory_mb,
        )

    def _start(self, pooled: PooledModel) -> None:
        if any(other.link.is_loading for other in self) or not pooled.link.may_start:
            return
        pooled.is_kept, pooled.is_leaving = True, False
        if pooled.link.ensure_started() and pooled.link.child is not None:
            self._poller.watch(pooled.link.child.fileno(), lambda: self._on_arrival(pooled))

    def _on_arrival(self, pooled: PooledModel) -> None:
        self._arrived[pooled.name] = pooled

    def _too_many_beside(self, pooled: PooledModel, needed: Collection[str]) -> list[PooledModel]:
        names = residency.to_unload(self._residents(needed), pooled.memory_mb, self._limits.budget_mb)
        return self._named(names)

    def _residents(self, needed: Collection[str]) -> list[residency.Resident]:
        present = [pooled for pooled in self if pooled.is_present]
        for pooled in present:
            pooled.measure(self._memory)
        return [pooled.as_resident(is_needed=pooled.name in needed) for pooled in present]

    def _named(self, names: Collection[str]) -> list[PooledModel]:
        return [pooled for pooled in self if pooled.name in names]
