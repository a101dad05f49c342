from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.worker.dispatch.accounting import OwnerUse


def test_recent_use_is_halved_every_thirty_seconds() -> None:
    use = OwnerUse()
    use.add("anna", 8.0, now=100.0)
    assert [use.of("anna", 100.0 + 30 * n) for n in range(4)] == [8.0, 4.0, 2.0, 1.0]
    use.add("anna", 4.0, now=130.0)
    assert use.of("anna", 160.0) == 4.0
    assert use.of("bob", 160.0) == 0.0


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 100)), max_size=30))
def test_recent_use_is_the_sum_of_decayed_amounts(uses: list[tuple[float, float]]) -> None:
    use, now, expected = OwnerUse(), 0.0, 0.0
    for pause, seconds in uses:
        now += pause
        expected = expected * 2 ** (-pause / 30) + seconds
        use.add("anna", seconds, now)
    assert use.of("anna", now) == pytest.approx(expected)


def test_owners_without_recent_use_take_no_memory() -> None:
    use = OwnerUse()
    for number in range(5000):
        use.add(f"owner{number}", 0.5, now=number)
    assert len(use._used) <= 1001
    assert use.of("owner4999", 4999) == 0.5
