"""Figures that `scripts/bench/compare.py` calls worse."""

from __future__ import annotations

import pytest
from _figures import Figure, Target
from _results import Measured, Results
from compare import Comparison, comparisons


def results(**values: float) -> Results:
    figures = tuple(Figure(name, value, "ms") for name, value in values.items())
    return Results((Measured("pertask", "cpu", {}, 1.0, figures),))


def comparison(ours: tuple[float, ...], theirs: tuple[float, ...], *, more: bool = False) -> Comparison:
    return Comparison("pertask", "cost", "ms", more, ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs", "more", "is_worse"),
    [
        ((10.0, 10.0), (10.0, 10.0), False, False),
        ((10.2, 10.2), (10.0, 10.0), False, False),  # within the tolerance
        ((10.4, 10.4), (10.0, 10.0), False, True),
        ((10.4, 10.4), (9.5, 10.5), False, False),  # within the noise
        ((9.0, 9.0), (10.0, 10.0), False, False),  # better
        ((9.0, 9.0), (10.0, 10.0), True, True),
        ((11.0, 11.0), (10.0, 10.0), True, False),
        ((0.0, 0.0), (0.0, 0.0), False, False),
        ((1.0, 1.0), (0.0, 0.0), False, True),
    ],
)
def test_regressions_beyond_the_noise_are_reported(
    ours: tuple[float, ...], theirs: tuple[float, ...], more: bool, is_worse: bool
) -> None:
    assert comparison(ours, theirs, more=more).is_worse is is_worse


def test_figures_that_only_one_tree_has_are_not_compared() -> None:
    compared = list(comparisons([results(a=1.0, b=2.0)] * 2, [results(a=3.0, c=4.0)] * 2))
    assert [(each.name, each.ours, each.theirs) for each in compared] == [("a", (1.0, 1.0), (3.0, 3.0))]


def test_the_target_determines_which_direction_is_better() -> None:
    figures = (Figure("ratio", 0.9, "", Target(">=", 0.8)), Figure("time", 5.0, "ms", Target("<", 9)))
    one = Results((Measured("submit", "cpu", {}, 1.0, figures),))
    assert [each.more_is_better for each in comparisons([one], [one])] == [True, False]


def test_a_ratio_without_a_target_has_no_better_direction() -> None:
    def ratio(value: float) -> Results:
        return Results((Measured("backlog", "cpu", {}, 1.0, (Figure("ours / theirs", value, ""),)),))

    (compared,) = comparisons([ratio(2.0)], [ratio(1.0)])
    assert (compared.more_is_better, compared.is_worse) == (None, False)
