"""How many tasks of each lane a worker may take on. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from voxq.tasks.task import Lane


def free_slots(held: Sequence[Lane], slots: int) -> dict[Lane, int]:
    """Free slots by lane for a worker with `slots` in all that holds tasks of the lanes `held`.

    Slots are reserved for the better lanes, so that long files cannot shut the door on voice notes: with
    three slots or more one is for the high lane only and one more for high or short; with two, one is not
    for long.
    """
    lanes = list(Lane)
    reserved = {Lane.HIGH: 0, Lane.SHORT: 1 if slots >= 3 else 0, Lane.LONG: min(2, slots - 1)}
    free: dict[Lane, int] = {}
    for rank, lane in enumerate(lanes):
        same_or_worse = sum(1 for each in held if lanes.index(each) >= rank)
        free[lane] = max(0, min(slots - len(held), slots - reserved[lane] - same_or_worse))
    return free
