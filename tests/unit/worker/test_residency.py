from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxq.worker.model_pool.residency import Resident, excess, idle, to_unload

residents = st.lists(
    st.builds(
        Resident,
        name=st.text("abcdefgh", min_size=1, max_size=3),
        memory_mb=st.integers(1, 1000),
        last_used=st.integers(0, 100).map(float),
        is_needed=st.booleans(),
        is_loading=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda resident: resident.name,
)


def left(residents: list[Resident], gone: frozenset[str]) -> list[Resident]:
    return [resident for resident in residents if resident.name not in gone]


@given(residents, st.integers(1, 2000), st.integers(1, 3000))
def test_remaining_models_fit_if_possible(there: list[Resident], needed: int, budget: int) -> None:
    stay = left(there, to_unload(there, needed, budget))
    fits = sum(resident.memory_mb for resident in stay) + needed <= budget
    assert fits or all(resident.is_loading for resident in stay)


@given(residents, st.integers(1, 2000), st.integers(1, 3000))
def test_no_model_is_unloaded_without_need(there: list[Resident], needed: int, budget: int) -> None:
    gone = to_unload(there, needed, budget)
    used = sum(resident.memory_mb for resident in left(there, gone)) + needed
    if used <= budget:
        assert all(used + r.memory_mb > budget for r in there if r.name in gone)


@given(residents, st.integers(1, 2000), st.integers(1, 3000))
def test_models_in_use_and_used_last_stay_longest(there: list[Resident], needed: int, budget: int) -> None:
    """Check that no model is evicted while an equally large one is needed less or was used earlier."""
    gone = to_unload(there, needed, budget)
    for leaving in (resident for resident in there if resident.name in gone):
        for staying in left(there, gone):
            better = (staying.is_needed, staying.last_used) < (leaving.is_needed, leaving.last_used)
            assert staying.is_loading or not better or staying.memory_mb < leaving.memory_mb


@given(residents, st.integers(1, 2000), st.integers(1, 3000))
def test_a_loading_model_is_not_unloaded(there: list[Resident], needed: int, budget: int) -> None:
    loading = {resident.name for resident in there if resident.is_loading}
    assert not loading & to_unload(there, needed, budget)


@given(residents, st.integers(1, 3000))
def test_the_model_used_last_stays_if_models_outgrow_the_budget(there: list[Resident], budget: int) -> None:
    stay = left(there, excess(there, budget))
    if not there:
        return
    latest = max(there, key=lambda resident: (resident.last_used, resident.name))
    assert latest in stay
    fits = sum(resident.memory_mb for resident in stay) <= budget
    assert fits or all(resident.is_loading for resident in stay if resident is not latest)
    if sum(resident.memory_mb for resident in there) <= budget:
        assert stay == there


def test_a_model_larger_than_the_budget_is_loaded_alone() -> None:
    there = [Resident("a", 100, 1.0), Resident("b", 100, 2.0, is_needed=True)]
    assert to_unload(there, 1000, 500) == {"a", "b"}
    assert to_unload([], 1000, 500) == frozenset()


def test_a_small_model_stays_if_a_large_one_must_be_unloaded_anyway() -> None:
    there = [Resident("small", 100, 1.0), Resident("large", 800, 2.0)]
    assert to_unload(there, 500, 1000) == {"large"}


def test_idle_models_are_unloaded() -> None:
    there = [
        Resident("old", 1, 10.0),
        Resident("fresh", 1, 60.0),
        Resident("needed", 1, 10.0, is_needed=True),
        Resident("loading", 1, 10.0, is_loading=True),
    ]
    assert idle(there, 100.0, 60.0) == {"old"}
    assert idle(there, 100.0, 0.0) == frozenset()
