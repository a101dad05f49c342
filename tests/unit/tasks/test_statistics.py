from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from task_lab import cancelled, done, failed, make_task

from voxq.core.outcome import Outcome, Timings
from voxq.queue.statistics import Sample, counters_of, last_hour, since_start
from voxq.storage.journal.port import Ended

waits = st.lists(st.floats(0.001, 50_000), min_size=1, max_size=200)


def counted(outcomes: list[Outcome]) -> dict[str, str]:
    """Counters in Redis after these ends."""
    total: Counter[str] = Counter()
    for outcome in outcomes:
        total.update(counters_of(outcome))
    return {name: str(amount) for name, amount in total.items()}


def exact_p95(values: list[float]) -> float:
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


@given(waits)
def test_percentiles_are_within_ten_percent(values: list[float]) -> None:
    outcomes = [done(timings=Timings(queued=value, rtf=value)) for value in values]
    figures = since_start(counted(outcomes))
    for name in ("queue_wait", "real_time_factor"):
        assert figures[name]["p95"] == pytest.approx(exact_p95(values), rel=0.101, abs=1e-4)


@given(waits)
def test_the_last_hour_is_exact(values: list[float]) -> None:
    samples = [Sample(1000.0, value, value, 1.0) for value in values] + [Sample(-3000.0, 1e9, 1e9, 1e9)]
    figures = last_hour(samples, now=2000.0)
    assert figures["done"] == len(values)
    assert figures["queue_wait"]["p95"] == round(exact_p95(values), 4)
    assert figures["real_time_factor"]["mean"] == pytest.approx(sum(values) / len(values), abs=1e-4)


def test_totals_add_up() -> None:
    figures = since_start(counted([done(), done(), failed(), failed(code="engine_crashed"), cancelled()]))
    assert (figures["done"], figures["failed"], figures["cancelled"]) == (2, 2, 1)
    assert figures["audio_seconds"] == 20.0
    assert figures["real_time_factor"]["mean"] == 0.05
    assert figures["failures_by_code"] == {"timeout": 1, "engine_crashed": 1}


def test_statistics_without_tasks_have_no_mean() -> None:
    for figures in (since_start({}), last_hour([], 0.0)):
        assert figures["done"] == 0
        assert figures["queue_wait"] == figures["real_time_factor"] == {"mean": None, "p95": None}


@given(st.floats(0, 1e9), st.floats(0, 1e5), st.none() | st.floats(0, 100))
def test_a_sample_survives_redis(at: float, wait: float, rtf: float | None) -> None:
    end = Ended(make_task(), done(ended_at=at, timings=Timings(queued=wait, rtf=rtf)))
    sample = Sample.of(end)
    assert sample == Sample(at, wait, rtf or 0.0, 10.0)
    assert Sample.load(sample.dump()) == sample
    assert Sample.of(Ended(make_task(), failed())) is None
