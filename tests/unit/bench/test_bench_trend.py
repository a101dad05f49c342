from __future__ import annotations

import pytest
from _trend import trend
from hypothesis import given
from hypothesis import strategies as st

values = st.floats(0, 1e6)


@given(st.lists(values, min_size=8, max_size=40), st.floats(0.1, 1000))
def test_it_is_the_line_through_the_second_half(noise: list[float], slope: float) -> None:
    times = [10.0 * number for number in range(len(noise))]
    half = len(times) // 2
    curve = [*noise[:half], *(100 + slope * at for at in times[half:])]
    found = trend(times, curve, share=0.0, floor=0.0)
    assert found.per_hour == pytest.approx(slope * 3600, rel=1e-6)
    assert found.rise == pytest.approx(slope * (times[-1] - times[half]), rel=1e-6)
    assert found.is_growing


@given(values, st.integers(8, 40))
def test_constant_values_have_no_trend(value: float, count: int) -> None:
    assert not trend(list(map(float, range(count))), [value] * count, share=0.01, floor=0.01).is_growing


@given(st.lists(values, max_size=7))
def test_a_few_points_give_no_trend(curve: list[float]) -> None:
    times = [float(number) for number in range(len(curve))]
    found = trend(times, curve, share=0.0, floor=0.0)
    assert len(curve) - len(curve) // 2 >= 4 or not found.is_growing


def test_a_rise_within_the_scatter_is_flat() -> None:
    times = [float(number) for number in range(40)]
    wave = [100.0 + at / 10 + (5 if number % 2 else -5) for number, at in enumerate(times)]
    assert not trend(times, wave, share=0.0, floor=0.0).is_growing
    assert trend(
        times, [value + 2 * at for value, at in zip(wave, times, strict=True)], share=0, floor=0
    ).is_growing


def test_a_rise_within_tolerance_is_flat() -> None:
    times = [float(number) for number in range(20)]
    curve = [100.0 + at for at in times]
    assert trend(times, curve, share=0.05, floor=1).is_growing
    assert not trend(times, curve, share=0.1, floor=1).is_growing
    assert not trend(times, curve, share=0.0, floor=10).is_growing
