"""Choice of the models to unload from a device's memory: a pure policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resident:
    """A model that uses `memory_mb`. `last_used` in seconds on any one clock."""

    name: str
    memory_mb: int
    last_used: float
    is_needed: bool = False
    """Whether a task in work needs it."""
    is_loading: bool = False


def to_unload(residents: Iterable[Resident], needed_mb: int, budget_mb: int) -> frozenset[str]:
    """Models that must be unloaded before another of `needed_mb` fits into `budget_mb`.

    Models that nobody needs are unloaded first, then the least recently used. One that is loading stays: a
    task is waiting for it. A model that is larger than the budget gets the device to itself.
    """
    there = list(residents)
    line = sorted((r for r in there if not r.is_loading), key=lambda r: (r.is_needed, r.last_used, r.name))
    excess = sum(resident.memory_mb for resident in there) + needed_mb - budget_mb
    leaving: list[Resident] = []
    for resident in line:
        if excess <= 0:
            break
        leaving.append(resident)
        excess -= resident.memory_mb
    for resident in reversed(leaving[:-1]):  # a large one further on may have freed enough already
        if excess + resident.memory_mb <= 0:
            leaving.remove(resident)
            excess += resident.memory_mb
    return frozenset(resident.name for resident in leaving)


def excess(residents: Iterable[Resident], budget_mb: int) -> frozenset[str]:
    """Models that exceed the budget beside the one that was used last; that one stays, whatever its size."""
    there = sorted(residents, key=lambda resident: (resident.last_used, resident.name))
    return to_unload(there[:-1], there[-1].memory_mb, budget_mb) if there else frozenset()


def idle(residents: Iterable[Resident], now: float, idle_seconds: float) -> frozenset[str]:
    """Models that nobody has used or needed for `idle_seconds`; 0 means that no model is ever idle for too
    long."""
    if not idle_seconds:
        return frozenset()
    return frozenset(
        resident.name
        for resident in residents
        if not (resident.is_needed or resident.is_loading) and now - resident.last_used >= idle_seconds
    )
