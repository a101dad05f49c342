from __future__ import annotations

import math
from collections import Counter as Bag

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.metrics import catalogue
from voxq.metrics.counters import Count, Counters, Distribution, Totals

THINGS = Count("things", "Things.", ("colour", "size"))
SECONDS = Distribution("seconds", "Seconds.", ("model",), (0.5, 1.0, 10.0))

labels = st.sampled_from(["", "a", 'b"', "ü,", '["x"]', "sum"])
values = st.lists(st.tuples(labels, st.floats(0, 100)), min_size=1, max_size=50)


def total_of(*counters: Counters) -> Totals:
    """Totals after all counts have been sent."""
    fields: Bag[str] = Bag()
    for each in counters:
        while parcel := each.parcel():
            fields.update(parcel.amounts)  # pyright: ignore[reportArgumentType]
            each.arrived(parcel)
    return Totals({name: repr(amount) for name, amount in fields.items()})


@given(values, values)
def test_several_processes_count_as_one(
    here: list[tuple[str, float]], there: list[tuple[str, float]]
) -> None:
    processes = []
    for observed in (here, there):
        counters = Counters()
        for label, value in observed:
            counters.observe(SECONDS, value, label)
            counters.add(THINGS, label, "large", amount=value)
        processes.append(counters)
    totals = total_of(*processes)

    by_label = {label: [v for each, v in here + there if each == label] for label, _ in here + there}
    counts = totals.counts(THINGS)
    histograms = totals.histograms(SECONDS)
    assert set(histograms) == {(label,) for label in by_label}
    for label, each in by_label.items():
        assert counts[label, "large"] == pytest.approx(sum(each))
        buckets, total = histograms[label,]
        assert total == pytest.approx(sum(each))
        assert [count for _, count in buckets] == [
            sum(value <= edge for value in each) for edge in (0.5, 1.0, 10.0, math.inf)
        ]
        assert [edge for edge, _ in buckets] == ["0.5", "1.0", "10.0", "+Inf"]


def test_a_parcel_is_the_same_until_it_has_arrived() -> None:
    counters = Counters()
    assert counters.parcel() is None
    counters.add(THINGS, "red", "small")
    first = counters.parcel()
    counters.add(THINGS, "red", "small", amount=2)
    assert first is not None
    assert counters.parcel() is first
    counters.arrived(first)
    counters.arrived(first)  # sent twice at once, by a scrape and on schedule
    second = counters.parcel()
    assert second is not None
    assert second.number > first.number
    assert (list(first.amounts.values()), list(second.amounts.values())) == ([1], [2])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_non_finite_amounts_do_not_spoil_sums(value: float) -> None:
    counters = Counters()
    counters.observe(SECONDS, value, "a")
    counters.add(THINGS, "red", "small", amount=value)
    assert counters.parcel() is None


def test_labels_must_be_complete() -> None:
    for wrong in ((), ("red",), ("red", "small", "round")):
        with pytest.raises(ValueError, match="things has the labels"):
            Counters().add(THINGS, *wrong)


@given(
    st.dictionaries(
        st.text(max_size=20) | st.sampled_from(['["things"]', '["things", "", 1, 2]']), st.just("1")
    )
)
def test_fields_of_another_version_are_left_out(fields: dict[str, str]) -> None:
    known = {
        '["things", "", "red", "small"]': "3",
        '["seconds", "7.0", "a"]': "2",
        '["seconds", "", "a"]': "9",
    }
    totals = Totals(fields | known)
    assert totals.counts(THINGS) == {("red", "small"): 3}
    assert totals.histograms(SECONDS)["a",][0] == [("0.5", 0), ("1.0", 0), ("10.0", 2), ("+Inf", 2)]


def test_every_metric_is_shown_under_a_name_of_its_own() -> None:
    declared = {each for each in vars(catalogue).values() if isinstance(each, Count | Distribution)}
    shown = (*catalogue.COUNTS, *catalogue.DISTRIBUTIONS)
    assert declared == set(shown)
    assert len({metric.name for metric in shown}) == len(shown)
    for metric in catalogue.DISTRIBUTIONS:
        assert list(metric.edges) == sorted(set(metric.edges))
