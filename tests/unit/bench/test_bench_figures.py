"""Statistics of measured figures."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable

import pytest
from _figures import (
    Figure,
    Target,
    differences,
    greatest_displacement,
    interval,
    kendall_tau,
    median,
    over_rounds,
    percentile,
)
from hypothesis import given, settings
from hypothesis import strategies as st

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200)
orders = st.permutations(range(12))


@given(numbers, st.floats(0, 100))
def test_a_percentile_is_a_value_that_enough_others_do_not_exceed(
    values: list[float], percent: float
) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100
    assert sum(value < found for value in values) <= len(values) * percent / 100


def test_the_99th_percentile_of_a_hundred_leaves_one_out() -> None:
    assert percentile(list(range(1, 101)), 99) == 99


@given(numbers)
def test_the_median_agrees_with_the_standard_library(values: list[float]) -> None:
    assert median(values) == pytest.approx(statistics.median(values))


@pytest.mark.parametrize("function", [median, lambda values: percentile(values, 50)])
def test_nothing_measured_is_an_error_and_no_figure(function: Callable[[list[float]], float]) -> None:
    with pytest.raises(ValueError, match="no values"):
        function([])


@given(orders)
def test_tau_is_one_only_for_the_right_order_and_turns_with_it(order: list[int]) -> None:
    tau = kendall_tau(order)
    assert -1 <= tau <= 1
    assert (tau == 1) == (order == sorted(order))
    assert kendall_tau(order[::-1]) == pytest.approx(-tau)


def test_one_late_comer_costs_tau_its_pairs_only() -> None:
    assert kendall_tau([2, 3, 4, 1]) == pytest.approx((3 - 3) / 6)


@given(orders)
def test_displacement_is_zero_only_for_the_right_order(order: list[int]) -> None:
    assert (greatest_displacement(order) == 0) == (order == sorted(order))
    assert 0 <= greatest_displacement(order) < len(order)


def test_displacement_counts_places_and_not_numbers() -> None:
    assert greatest_displacement([10, 1000, 20]) == 1


@pytest.mark.parametrize(
    ("target", "value", "met"),
    [
        (Target("<", 100), 100, False),
        (Target("<=", 100), 100, True),
        (Target(">=", 0.95), 0.95, True),
        (Target(">=", 0.95), 0.94, False),
        (Target("=", 100), 99, False),
    ],
)
def test_a_figure_knows_whether_its_target_is_met(target: Target, value: float, met: bool) -> None:
    assert Figure("x", value, "ms", target).met is met


def test_a_figure_without_a_target_is_not_judged() -> None:
    assert Figure("x", 1, "ms").met is None


def test_rounds_are_reported_as_median_and_extremes() -> None:
    figure = over_rounds("x", [3, 1, 2], "s")
    assert (figure.value, figure.spread) == (2, (1, 3))


def test_a_difference_is_taken_round_by_round() -> None:
    figure = differences("x", [110.0, 215.0, 312.0], [100.0, 200.0, 300.0], "ms", Target("<", 15))
    assert (figure.value, figure.spread, figure.met) == (12.0, (10.0, 15.0), True)


def test_the_interval_holds_the_median_about_as_often_as_it_says() -> None:
    chance = random.Random(7)
    trials = [interval([chance.gauss(12.0, 5.0) for _ in range(30)]) for _ in range(60)]
    assert sum(low <= 12.0 <= high for low, high in trials) >= 51
    assert all(high - low < 10 for low, high in trials)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
@settings(max_examples=20)
def test_the_interval_is_reproducible_and_made_of_measured_values(values: list[float]) -> None:
    low, high = interval(values)
    assert min(values) <= low <= high <= max(values)
    assert interval(values) == (low, high)
