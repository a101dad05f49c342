from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.api.limits.waiting_room import WaitingRoom
from voxq.tasks.refusal import Refusal


def take(room: WaitingRoom, owner: str, stack: ExitStack) -> bool:
    try:
        stack.enter_context(room.place_for(owner))
    except Refusal as refusal:
        assert refusal.code == "too_many_waiting"
        return False
    return True


def test_alone_a_key_has_it_all() -> None:
    room = WaitingRoom(3, is_shared=False)
    with ExitStack() as stack:
        assert [take(room, "anna", stack) for _ in range(5)] == [True] * 3 + [False] * 2
    with room.place_for("anna"):
        pass


def test_among_others_it_leaves_as_much_as_it_takes() -> None:
    room = WaitingRoom(12, is_shared=True)
    with ExitStack() as stack:
        assert sum(take(room, "anna", stack) for _ in range(20)) == 6
        assert sum(take(room, "ben", stack) for _ in range(20)) == 3
        assert take(room, "eve", stack)


def test_a_place_is_free_again_whatever_happened() -> None:
    room = WaitingRoom(1, is_shared=True)
    for _ in range(3):
        with pytest.raises(OSError, match="gone"), room.place_for("anna"):
            raise OSError("gone")


@given(st.integers(1, 30), st.lists(st.sampled_from("abcdef"), max_size=200))
def test_there_is_always_room_for_who_has_none(most: int, owners: list[str]) -> None:
    room = WaitingRoom(most, is_shared=True)
    held: Counter[str] = Counter()
    with ExitStack() as stack:
        for owner in owners:
            held[owner] += take(room, owner, stack)
        assert held.total() <= most
        if len(+held) < most.bit_length():
            assert take(room, "newcomer", stack)
