from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxq.core.task import Lane
from voxq.worker.lifecycle.capacity import TURN_SECONDS, Turns, free_slots

slots = st.integers(1, 64)
EVERYWHERE = dict.fromkeys(Lane, 1)
FULL = dict.fromkeys(Lane, 0)


@st.composite
def reachable(draw: st.DrawFn) -> tuple[list[Lane], int]:
    """Tasks that a worker can have after taking free slots one by one and giving some back."""
    total = draw(slots)
    held: list[Lane] = []
    for lane, is_end in draw(st.lists(st.tuples(st.sampled_from(Lane), st.booleans()), max_size=80)):
        if is_end and lane in held:
            held.remove(lane)
        elif free_slots(held, total)[lane]:
            held.append(lane)
    return held, total


@given(reachable())
def test_tasks_never_exceed_the_slots(state: tuple[list[Lane], int]) -> None:
    held, total = state
    assert len(held) <= total
    assert all(0 <= count <= total - len(held) for count in free_slots(held, total).values())


@given(reachable())
def test_a_higher_lane_has_at_least_the_slots_of_a_lower_one(state: tuple[list[Lane], int]) -> None:
    free = free_slots(*state)
    assert free[Lane.HIGH] >= free[Lane.SHORT] >= free[Lane.LONG]


@given(slots)
def test_long_files_leave_slots_for_other_lanes(total: int) -> None:
    held: list[Lane] = []
    while free_slots(held, total)[Lane.LONG]:
        held.append(Lane.LONG)
    assert held, "but they get in"
    assert total == 1 or free_slots(held, total)[Lane.SHORT]
    while free_slots(held, total)[Lane.SHORT]:
        held.append(Lane.SHORT)
    assert total < 3 or free_slots(held, total)[Lane.HIGH]


@given(slots)
def test_every_slot_can_be_used(total: int) -> None:
    held: list[Lane] = []
    for lane in reversed(Lane):
        while free_slots(held, total)[lane]:
            held.append(lane)
    assert len(held) == total


def test_no_lane_waits_for_ever_behind_a_flood() -> None:
    """Simulate one end per second while the high lane is never empty."""
    turns, served = Turns(0.0), dict.fromkeys(Lane, 0)
    for now in range(600):
        lane = turns.next(now, EVERYWHERE) or Lane.HIGH
        turns.had(lane, now)
        served[lane] += 1
    assert served[Lane.SHORT] == 600 // (TURN_SECONDS[Lane.SHORT] + 1)
    assert served[Lane.LONG] == 600 // (TURN_SECONDS[Lane.LONG] + 1)


def test_a_lane_without_a_free_slot_keeps_its_turn() -> None:
    turns = Turns(0.0)
    assert turns.next(1000.0, FULL) is None
    assert turns.next(1000.0, EVERYWHERE) is Lane.SHORT, "the longest overdue"
    turns.had(Lane.SHORT, 1000.0)
    assert turns.next(1000.0, EVERYWHERE) is Lane.LONG


def test_a_lane_that_is_served_needs_no_turn() -> None:
    turns = Turns(0.0)
    for now in range(0, 300, 10):
        turns.had(Lane.SHORT, now)
        turns.had(Lane.LONG, now)
        assert turns.next(now + 9, EVERYWHERE) is None
