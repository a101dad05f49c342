"""Fair turns between owners."""

from __future__ import annotations

import asyncio
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from voxq.processes.media.owner_turns import OwnerTurns

OWNERS = st.sampled_from(["anna", "ben", "carl"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "cancel", "give back", "settle"]), OWNERS), max_size=60
)


async def settled() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_an_owner_with_many_requests_delays_others_by_one_turn() -> None:
    owner_turns = OwnerTurns(["process"])
    served: list[str] = []

    async def ask(owner: str) -> None:
        thing = await owner_turns.borrow(owner)
        served.append(owner)
        await asyncio.sleep(0)
        owner_turns.give_back(thing)

    greedy = [asyncio.ensure_future(ask("greedy")) for _ in range(50)]
    await asyncio.sleep(0)
    modest = [asyncio.ensure_future(ask(owner)) for owner in ("anna", "ben", "anna")]
    await asyncio.gather(*modest)
    assert len(served) < 10
    await asyncio.gather(*greedy)
    assert len(served) == 53


@given(steps=STEPS, size=st.integers(1, 3))
def test_no_place_is_lost_or_lent_twice_and_all_take_turns(steps: list[tuple[str, str]], size: int) -> None:
    asyncio.run(_play(steps, size))


async def _play(steps: list[tuple[str, str]], size: int) -> None:
    """Play the steps, and check that no item is lent twice, and none is idle while an owner waits."""
    owner_turns = OwnerTurns(range(size))
    lent: dict[int, str] = {}
    waiting: dict[int, tuple[str, asyncio.Task[None]]] = {}
    turns: list[str] = []
    numbers = count()

    async def ask(number: int, owner: str) -> None:
        try:
            thing = await owner_turns.borrow(owner)
        finally:
            waiting.pop(number, None)
        assert thing not in lent
        lent[thing] = owner
        turns.append(owner)

    def give_one_back() -> None:
        thing = min(lent)
        del lent[thing]
        owner_turns.give_back(thing)

    for what, owner in steps:
        if what == "ask":
            number = next(numbers)
            waiting[number] = (owner, asyncio.ensure_future(ask(number, owner)))
            await settled()
        elif what == "cancel" and waiting:
            waiting[min(waiting)][1].cancel()
        elif what == "give back" and lent:
            give_one_back()
        elif what == "settle":  # all steps before it happen at the same moment
            await settled()
            assert not waiting or len(lent) == size

    await settled()
    turns.clear()
    while waiting:
        give_one_back()
        await settled()
        owner = turns[-1]
        if owner in turns[:-1]:
            since = len(turns) - 2 - turns[-2::-1].index(owner)
            assert {other for other, _ in waiting.values()} - {owner} <= set(turns[since:])
    while lent:
        give_one_back()
    assert sorted(owner_turns.take_idle()) == list(range(size))
