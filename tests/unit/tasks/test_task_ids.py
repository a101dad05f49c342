from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.core.task import (
    Lane,
    Priority,
    age_order,
    choose_lane,
    day_of,
    is_short_id,
    is_task_id,
    new_task_id,
    short_id,
    utc,
)

moments = st.integers(0, 4_102_444_800_000).map(lambda milliseconds: milliseconds / 1000)


@given(moments, st.integers(1, 999_999_999))
def test_an_id_consists_of_day_number_and_random_part(now: float, number: int) -> None:
    task_id = new_task_id(now, number)
    assert is_task_id(task_id)
    assert task_id.startswith(day_of(now))
    assert is_short_id(short_id(task_id))
    assert age_order(task_id) == (day_of(now), number)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d{3,}_[a-z0-9]{12}", task_id)


@given(moments, st.integers(1, 999))
def test_no_two_ids_are_alike(now: float, number: int) -> None:
    assert new_task_id(now, number) != new_task_id(now, number)


def test_the_thousandth_of_a_day_is_younger_than_the_999th() -> None:
    ids = [new_task_id(0, number) for number in (1000, 999, 1)]
    assert sorted(ids, key=age_order) == ids[::-1]


@given(st.text())
def test_only_ids_of_this_service_are_ids(text: str) -> None:
    assert not is_task_id(text) or re.fullmatch(r"[0-9a-z_-]+", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "../../etc/passwd",
        "2025-12-01_001_abc123/..",
        "2025-12-01_001_abc123\n",
        "2025-12-01_001_ABC123",
        "２０２５-12-01_001_abc123",
        "2025-12-01_001_abc123.1",
        "2025-12-01_01_abc123",
    ],
)
def test_ids_with_path_characters_are_refused(text: str) -> None:
    assert not is_task_id(text)
    assert not is_short_id(text)


@given(moments)
def test_times_are_in_utc_to_the_second(now: float) -> None:
    assert datetime.fromisoformat(utc(now)) == datetime.fromtimestamp(int(now), UTC)
    assert utc(now).endswith("Z")


@given(st.sampled_from(Priority), st.none() | st.floats(0, 1e6), st.floats(1, 1e4))
def test_a_lane_follows_from_priority_and_length(
    priority: Priority, duration: float | None, limit: float
) -> None:
    lane = choose_lane(priority, duration, limit)
    if priority is Priority.HIGH:
        assert lane is Lane.HIGH
    elif priority is Priority.NORMAL and duration is not None and duration <= limit:
        assert lane is Lane.SHORT
    else:
        assert lane is Lane.LONG
