from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxq.core.task import Lane
from voxq.worker.dispatch.anticipation import PATIENCE, Anticipation


def test_a_long_file_waits_briefly_for_a_note_that_is_being_decoded() -> None:
    anticipation = Anticipation()
    assert anticipation.hold_until(10.1, Lane.LONG, [(Lane.SHORT, 10.0)]) == 10.0 + PATIENCE
    assert anticipation.hold_until(10.0 + PATIENCE, Lane.LONG, [(Lane.SHORT, 10.0)]) <= 10.0 + PATIENCE


def test_chunks_do_not_wait_for_tasks_of_equal_or_lower_priority() -> None:
    anticipation = Anticipation()
    assert anticipation.hold_until(10.0, Lane.SHORT, [(Lane.SHORT, 10.0), (Lane.LONG, 10.0)]) == 10.0
    assert anticipation.hold_until(10.0, Lane.LONG, []) == 10.0


@given(st.lists(st.floats(0, 5), max_size=50))
def test_a_flood_of_notes_delays_a_batch_for_a_limited_time(admitted: list[float]) -> None:
    anticipation, now, step = Anticipation(), 0.0, 0.05
    while now < 5:
        coming = [(Lane.HIGH, since) for since in admitted if since <= now]
        if anticipation.hold_until(now, Lane.LONG, coming) <= now:
            break
        now += step
    assert now <= PATIENCE + step
