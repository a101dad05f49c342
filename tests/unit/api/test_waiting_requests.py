from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.api.limits import WaitingRequests
from voxq.core.refusal import Refusal


def take(capacity: WaitingRequests, owner: str, stack: ExitStack) -> bool:
    try:
        stack.enter_context(capacity.place_for(owner))
    except Refusal as refusal:
        assert refusal.code == "too_many_waiting"
        return False
    return True


def test_a_single_key_may_use_every_place() -> None:
    capacity = WaitingRequests(3, is_shared=False)
    with ExitStack() as stack:
        assert [take(capacity, "anna", stack) for _ in range(5)] == [True] * 3 + [False] * 2
    with capacity.place_for("anna"):
        pass


def test_among_others_a_key_leaves_as_many_places_as_it_takes() -> None:
    capacity = WaitingRequests(12, is_shared=True)
    with ExitStack() as stack:
        assert sum(take(capacity, "anna", stack) for _ in range(20)) == 6
        assert sum(take(capacity, "ben", stack) for _ in range(20)) == 3
        assert take(capacity, "eve", stack)


def test_a_place_is_freed_after_any_error() -> None:
    capacity = WaitingRequests(1, is_shared=True)
    for _ in range(3):
        with pytest.raises(OSError, match="gone"), capacity.place_for("anna"):
            raise OSError("gone")


@given(st.integers(1, 30), st.lists(st.sampled_from("abcdef"), max_size=200))
def test_a_key_without_a_place_always_gets_one(most: int, owners: list[str]) -> None:
    capacity = WaitingRequests(most, is_shared=True)
    held: Counter[str] = Counter()
    with ExitStack() as stack:
        for owner in owners:
            held[owner] += take(capacity, owner, stack)
        assert held.total() <= most
        if len(+held) < most.bit_length():
            assert take(capacity, "newcomer", stack)
