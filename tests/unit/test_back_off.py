"""Pauses after consecutive failures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.back_off import BackOff
from voxq.model_store import hub
from voxq.queue import webhook_job
from voxq.supervisor import part
from voxq.worker.model_pool import model_link


def test_pauses_grow_up_to_the_longest_and_stay_there() -> None:
    back_off = BackOff.growing(1, most=30)
    assert [back_off.after(failures) for failures in range(10)] == [0, 1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert back_off.after(10**9) == 30


def test_pauses_can_be_given_one_by_one() -> None:
    assert [BackOff((5, 1)).after(failures) for failures in range(4)] == [0, 5, 1, 1]


@given(st.floats(1e-3, 1e3), st.floats(1, 1e6), st.floats(1.1, 10), st.integers(0, 1000))
def test_pauses_are_bounded_and_never_shrink(first: float, more: float, factor: float, failures: int) -> None:
    back_off = BackOff.growing(first, most=first * more, factor=factor)
    assert 0 <= back_off.after(failures) <= back_off.after(failures + 1) <= first * more
    assert back_off.after(1) == first


@pytest.mark.parametrize("pauses", [(), (1, -1)])
def test_invalid_pauses_are_refused(pauses: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="pauses must be"):
        BackOff(pauses)


@pytest.mark.parametrize(("first", "most", "factor"), [(0, 1, 2), (2, 1, 2), (1, 2, 1)])
def test_pauses_that_do_not_grow_are_refused(first: float, most: float, factor: float) -> None:
    with pytest.raises(ValueError, match="cannot grow"):
        BackOff.growing(first, most, factor)


def test_the_pauses_of_each_use_are_as_documented() -> None:
    assert part.RESTARTS.pauses == (1, 2, 4, 8, 16, 30)
    assert model_link._LOADS.pauses == (1, 2, 4, 8, 16, 32, 60)
    assert hub._RETRIES.pauses == pytest.approx((0.2, 0.4, 0.8, 1.6))
    assert webhook_job.RETRIES.pauses == (5, 15, 60, 240, 600, 1200, 1480)
    assert sum(webhook_job.RETRIES.pauses) == 3600
