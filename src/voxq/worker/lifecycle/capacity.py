"""How many tasks of each lane a worker may take on, and which lane has waited long enough. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from voxq import kinds
from voxq.core.task import Lane
from voxq.queue.claiming import Capacity

TURN_SECONDS = {Lane.SHORT: 30.0, Lane.LONG: 60.0}
"""A worse lane is asked first when nothing was admitted from it for so long: else a flood of better tasks
would keep it waiting for ever."""

_NONE: Mapping[str, Collection[str]] = MappingProxyType({})


def capacities_of(
    held: Sequence[tuple[str, Lane]],
    slots: int,
    models: Mapping[str, Collection[str]],
    broken: Mapping[str, Collection[str]] = _NONE,
) -> dict[str, Capacity]:
    """What a worker with `slots` in all, that holds tasks of these kinds and lanes and has these models, can
    tell of itself. Of the models those that are `broken` do not load at the moment; it takes no tasks of a
    kind that is not among `models`.

    All kinds share its slots, so each can be told of all that are free.
    """
    free = free_slots([lane for _, lane in held], slots)
    none = dict.fromkeys(free, 0)
    return {
        kind: Capacity(
            Counter(lane for other, lane in held if other == kind),
            free if kind in models else none,
            [name for name in models.get(kind, ()) if name not in broken.get(kind, ())],
            broken.get(kind, ()),
        )
        for kind in kinds.registered()
    }


def free_slots(held: Sequence[Lane], slots: int) -> dict[Lane, int]:
    """Free slots by lane for a worker with `slots` in all that holds tasks of the lanes `held`.

    Slots are reserved for the better lanes, so that long files cannot shut the door on voice notes: with
    three slots or more one is for the high lane only and one more for high or short; with two, one is not
    for long.
    """
    reserved = {Lane.HIGH: 0, Lane.SHORT: 1 if slots >= 3 else 0, Lane.LONG: min(2, slots - 1)}
    counts, same_or_worse = Counter(held), len(held)
    free: dict[Lane, int] = {}
    least = slots  # a worse lane may not take what a better one may not
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
        """The lane whose turn it is before the better ones, if it is one's; the longest overdue."""
        overdue = {
            lane: now - since - TURN_SECONDS[lane]
            for lane, since in self._since.items()
            if free[lane] and now - since >= TURN_SECONDS[lane]
        }
        return max(overdue, key=overdue.__getitem__) if overdue else None

    def had(self, lane: Lane, now: float) -> None:
        """A task of the lane was admitted, or there was none."""
        if lane in self._since:
            self._since[lane] = now
