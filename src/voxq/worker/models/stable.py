"""The models of one worker: which are loaded, which come and which go. One horse process for each of them.

Unloading a model is ending its horse, so its memory is really free, and a crash takes one model with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from loguru import logger

from voxq.device_memory import DeviceMemory
from voxq.metrics.catalogue import LOAD_SECONDS, UNLOADS
from voxq.metrics.counters import Counters
from voxq.tasks.task import Kind
from voxq.worker.held.batch import Batch
from voxq.worker.horse.protocol import Finished
from voxq.worker.models import residency
from voxq.worker.models.horse_link import HorseFailed
from voxq.worker.models.stall import Stall
from voxq.worker.models.tally import Tally
from voxq.worker.plan import ModelPlan
from voxq.worker.poller import Poller


class Stable:
    """At most one model loads at a time. Times are on the monotonic clock."""

    def __init__(
        self,
        default: ModelPlan,
        make: Callable[[ModelPlan], Stall],
        memory: DeviceMemory,
        poller: Poller,
        counters: Counters,
        *,
        budget_mb: int,
        idle_seconds: float,
        max_attempts: int,
        worker_id: int,
    ) -> None:
        """`max_attempts`: loads that fail in a row before a model counts as broken."""
        self._make = make
        self._memory = memory
        self._poller = poller
        self._counters = counters
        self._budget_mb = budget_mb
        self._idle_seconds = idle_seconds
        self._max_attempts = max_attempts
        self._worker_id = worker_id
        self._preloaded: list[Stall] = []
        self.default = make(default)
        self._stalls = {default.name: self.default}
        self.tally = Tally()
        self.hear: Callable[[Stall], None] = lambda stall: None
        """Called when a horse has something to say."""

    def __iter__(self) -> Iterator[Stall]:
        return iter(list(self._stalls.values()))

    def __getitem__(self, name: str) -> Stall:
        """Of a model that was asked for before. Raises KeyError."""
        return self._stalls[name]

    def of(self, plan: ModelPlan) -> Stall:
        """The place of this model, made when it is first asked for."""
        if plan.name not in self._stalls:
            self._stalls[plan.name] = self._make(plan)
        return self._stalls[plan.name]

    @property
    def memory(self) -> DeviceMemory:
        return self._memory

    @property
    def devices(self) -> Sequence[str]:
        """Those that its models run on: that of the worker, and the CPU for what only runs there."""
        return list(dict.fromkeys(stall.device for stall in self))

    def busy_on(self, device: str) -> Stall | None:
        """The one model on this device that has batches, if one has."""
        return next((stall for stall in self if stall.device == device and not stall.horse.is_idle), None)

    @property
    def batches(self) -> Collection[Batch]:
        """All that engines were given and have not ended."""
        return [batch for stall in self for batch in stall.horse.batches]

    @property
    def is_settled(self) -> bool:
        """Whether what was to be loaded at the start is there, or known not to work; the default must be."""
        return all(
            stall.horse.loaded is not None
            or (stall is not self.default and (stall.horse.failures > 0 or not stall.is_kept))
            for stall in self._preloaded
        )

    @property
    def broken(self) -> Mapping[Kind, Collection[str]]:
        """The models that tasks have to wait for, by their names; "" is that of a task which asks for none.

        Only the default is tried again for ever: without it the worker is as good as none.
        """
        default = self.default
        is_broken = not default.horse.is_ready and default.horse.failures >= self._max_attempts
        return {Kind.ASR: ("", default.name)} if is_broken else {}

    @property
    def hopeless(self) -> Collection[Stall]:
        """Those beside the default that do not load."""
        return [
            stall
            for stall in self
            if stall is not self.default and stall.horse.failures >= self._max_attempts
        ]

    def preload(self, plans: Sequence[ModelPlan]) -> None:
        """Have these loaded from the start."""
        self._preloaded = [self.of(plan) for plan in plans]
        for stall in self._preloaded:
            stall.is_kept = True

    def keep(self) -> None:
        """Start what is to be there and is not: at the beginning, and after a crash."""
        for stall in self:
            if not stall.is_kept or stall.is_present:
                continue
            if self._too_many_beside(stall, frozenset()):
                stall.is_kept = False  # it comes back when somebody needs it
                logger.warning(
                    "Worker-{} model={} is not loaded: no memory left", self._worker_id, stall.name
                )
            else:
                self._start(stall)

    def bring(self, stall: Stall, needed: Collection[str], working: Collection[str]) -> bool:
        """A task needs this model: load it as soon as there is room. `needed`: models that any task is for;
        `working`: those that have something to do now.

        False if it has to wait: it did not load a moment ago, or it is the turn of those in its place. Others
        may be brought meanwhile.
        """
        if stall.is_present:
            stall.is_leaving = False
            return True
        if not stall.horse.may_start:
            return False
        if any(other.horse.is_loading for other in self):
            return True
        leaving, now = self._too_many_beside(stall, needed), time.monotonic()
        if any(other.name in working and now < other.has_turn_until for other in leaving):
            return False
        for other in leaving:
            other.is_leaving = True
        self.part()
        if not any(other.is_leaving for other in self):
            stall.is_on_demand = stall.is_on_demand or not stall.is_kept
            self._start(stall)
        return True

    def part(self) -> None:
        """Unload those that are to leave and are done."""
        for stall in self:
            if stall.is_leaving and stall.horse.is_idle:
                self.unload(stall)

    def tidy(self, now: float, needed: Collection[str]) -> None:
        """Unload what nobody uses, and what is too much: models grow while they work."""
        residents = self._residents(needed)
        idle = residency.idle(residents, now, self._idle_seconds)
        for stall in self._named(idle | residency.excess(residents, self._budget_mb)):
            stall.is_leaving = True
        self.part()

    def make_room(self, stall: Stall) -> bool:
        """Unload all others on its device, which are idle while this one works. False if there are none."""
        others = [each for each in self if each.device == stall.device and each.horse.is_ready]
        others = [each for each in others if each is not stall]
        for other in others:
            self.unload(other)
        return bool(others)

    def unload(self, stall: Stall) -> None:
        stall.measure(self._memory)
        self.end_horse(stall)
        stall.is_kept = stall.is_leaving = False
        self._counters.add(UNLOADS, stall.name)
        logger.info("Worker-{} model={} status=unloaded", self._worker_id, stall.name)

    def end_horse(self, stall: Stall) -> HorseFailed:
        """End it now; says what it was in."""
        if stall.horse.child is not None:
            self._poller.unwatch(stall.horse.child.fileno())
        return stall.horse.kill()

    def forget(self, stall: Stall) -> None:
        """It cannot be loaded. The next task for it may try again, from the beginning."""
        self.end_horse(stall)
        self._stalls.pop(stall.name, None)

    def receive(self, stall: Stall, seconds_allowed: float) -> tuple[Batch, Finished] | None:
        """As `HorseLink.receive`."""
        descriptor = stall.horse.child.fileno() if stall.horse.child else -1
        was_ready = stall.horse.is_ready
        try:
            finished = stall.horse.receive(seconds_allowed)
        except HorseFailed:
            self._poller.unwatch(descriptor)
            raise
        if stall.horse.is_ready and not was_ready:
            self._on_loaded(stall)
        return finished

    def close(self) -> None:
        for stall in self:
            self.end_horse(stall)

    def _on_loaded(self, stall: Stall) -> None:
        stall.begin_turn(time.monotonic())
        stall.measure(self._memory)
        self.tally.loads += 1
        self.tally.load_seconds += stall.load_seconds
        self.tally.switches += stall.is_on_demand
        self._counters.observe(LOAD_SECONDS, stall.load_seconds, stall.name, str(stall.is_on_demand).lower())
        stall.is_on_demand = False
        logger.info(
            "Worker-{} model={} status=loaded engine={} device={} load={:.1f}s memory={}MB",
            self._worker_id,
            stall.name,
            stall.plan.request.engine,
            stall.device,
            stall.load_seconds,
            stall.memory_mb,
        )

    def _start(self, stall: Stall) -> None:
        if any(other.horse.is_loading for other in self) or not stall.horse.may_start:
            return
        stall.is_kept, stall.is_leaving = True, False
        if stall.horse.ensure_started() and stall.horse.child is not None:
            self._poller.watch(stall.horse.child.fileno(), lambda: self.hear(stall))

    def _too_many_beside(self, stall: Stall, needed: Collection[str]) -> list[Stall]:
        names = residency.to_unload(self._residents(needed), stall.memory_mb, self._budget_mb)
        return self._named(names)

    def _residents(self, needed: Collection[str]) -> list[residency.Resident]:
        present = [stall for stall in self if stall.is_present]
        for stall in present:
            stall.measure(self._memory)
        return [stall.as_resident(is_needed=stall.name in needed) for stall in present]

    def _named(self, names: Collection[str]) -> list[Stall]:
        return [stall for stall in self if stall.name in names]
