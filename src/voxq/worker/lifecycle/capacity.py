"""Capacity: how many tasks of each lane a worker may take on, and which lane has waited long enough. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from voxq import kinds
from voxq.core.task import Lane
from voxq.queue.claiming import Capacity

TURN_SECONDS = {Lane.SHORT: 30.0, Lane.LONG: 60.0}
"""Seconds without an admission after which a lower lane is asked first: otherwise a flood of more urgent
tasks would keep it waiting for ever."""

_NONE: Mapping[str, Collection[str]] = MappingProxyType({})


def capacities_of(
    in_progress: Sequence[tuple[str, Lane]],
    slots: int,
    models: Mapping[str, Collection[str]],
    broken: Mapping[str, Collection[str]] = _NONE,
) -> dict[str, Capacity]:
    """Capacity that a worker can report for each kind in `models`, with the models for it.

    `in_progress`: kind and lane of each of its tasks; `slots`: tasks at once; `broken`: models that do not
    load now. The worker takes no tasks of a kind that is not among `models`.

    All kinds share its slots, so all that are free are reported for each kind.
    """
    counts, free = Counter(in_progress), free_slots([lane for _, lane in in_progress], slots)
    none = dict.fromkeys(free, 0)
    return {
        kind: Capacity(
            Counter({lane: counts[kind, lane] for lane in Lane if counts[kind, lane]}),
            free if kind in models else none,
            [name for name in models.get(kind, ()) if name not in broken.get(kind, ())],
            broken.get(kind, ()),
        )
        for kind in kinds.registered()
    }


def free_slots(lanes: Sequence[Lane], slots: int) -> dict[Lane, int]:
    """Free slots by lane for a worker with `slots` in all with tasks of these `lanes` in progress.

    Slots are reserved for the more urgent lanes, so that long files cannot keep voice notes waiting: with
    three slots or more, one is for the high lane only and one more for high or short; with two, one is not
    for long.
    """
    reserved = {Lane.HIGH: 0, Lane.SHORT: 1 if slots >= 3 else 0, Lane.LONG: min(2, slots - 1)}
    counts, same_or_worse = Counter(lanes), len(lanes)
    free: dict[Lane, int] = {}
    least = slots  # a lower lane may not take what a higher one may not
    for lane in Lane:
        least = min(least, slots - reserved[lane] - same_or_worse)
        free[lane] = max(0, least)
        same_or_worse -= counts[lane]
    return free


class Turns:
    """Remembers when each lane was last asked first or served. Times in seconds on any one clock."""

    def __init__(self, now: float) -> None:
        self._since = dict.fromkeys(TURN_SECONDS, now)

    def next(self, now: float, free: Mapping[Lane, int]) -> Lane | None:
        """Lane that comes before the higher ones because it is overdue (the longest overdue of several), or
        None."""
        overdue = {
            lane: now - since - TURN_SECONDS[lane]
            for lane, since in self._since.items()
            if free[lane] and now - since >= TURN_SECONDS[lane]
        }
        return max(overdue, key=overdue.__getitem__) if overdue else None

    def had(self, lane: Lane, now: float) -> None:
        """Record that a task of the lane was admitted, or that there was none."""
        if lane in self._since:
            self._since[lane] = now
