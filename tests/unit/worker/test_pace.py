from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.engines.contract import Cost
from voxq.worker.pace import Pace

times = st.floats(0, 100)


@given(st.lists(st.tuples(times, times), max_size=50))
def test_a_correction_stays_within_bounds(batches: list[tuple[float, float]]) -> None:
    pace = Pace()
    for predicted, actual in batches:
        pace = pace.after(predicted, actual)
    assert 0.25 <= pace.ratio <= 4


def test_nothing_is_corrected_before_anything_ran() -> None:
    assert Pace().correct(Cost(0.1, 0.02)) == Cost(0.1, 0.02)


@pytest.mark.parametrize("truth", [0.5, 1.0, 2.0])
def test_predictions_become_true(truth: float) -> None:
    pace = Pace()
    for _ in range(50):
        pace = pace.after(0.5, truth * 0.5)
    assert pace.correct(Cost(0.1, 0.02)).predict(10.0) == pytest.approx(truth * 0.3, rel=0.1)


def test_one_slow_batch_changes_predictions_little() -> None:
    pace = Pace()
    for _ in range(20):
        pace = pace.after(0.5, 0.5)
    assert pace.after(0.5, 2.0).ratio < 1.5


def test_batches_of_a_millisecond_prove_nothing() -> None:
    pace = Pace()
    for _ in range(1000):
        pace = pace.after(0.0001, 0.001)
    assert pace.ratio == pytest.approx(1.0, abs=0.05)
