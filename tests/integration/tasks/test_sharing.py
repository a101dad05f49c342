"""Several workers on one Redis: the distribution of waiting tasks, decided when a task is taken."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from task_lab import Lab, make_worker

from voxq.core.task import Lane
from voxq.kinds.transcription import TranscriptionOptions
from voxq.queue import claiming
from voxq.queue.claiming import Capacity, Worker
from voxq.worker.lifecycle.capacity import capacities_of


@dataclass
class Hand:
    """A worker that takes tasks and keeps them."""

    lab: Lab
    slots: int = 32
    models: tuple[str, ...] = ()
    held: list[Lane] = field(default_factory=list)
    worker: Worker = field(default_factory=make_worker)

    @property
    def capacity(self) -> Capacity:
        held = [("asr", lane) for lane in self.held]
        return capacities_of(held, self.slots, {"asr": self.models})["asr"]

    def beat(self, *, takes_on: bool = True) -> None:
        capacity = self.capacity if takes_on else None
        facts = {"models": self.models}
        self.lab.run(claiming.beat(self.lab.store, self.worker, [], time.time(), 30, facts, capacity))

    def take(self, only: Lane | None = None) -> list[str]:
        taken = self.lab.run(
            claiming.claim(
                self.lab.store, self.worker, self.capacity, time.time(), *([[only], 1] if only else [])
            )
        )
        self.held += [each.lane for each in taken.claimed]
        return [each.task_id for each in taken.claimed]

    def end(self, lane: Lane) -> None:
        self.held.remove(lane)


def hands(lab: Lab, *slots: int) -> list[Hand]:
    made = [Hand(lab, each) for each in slots]
    for hand in made:
        hand.beat()
    return made


def test_waiting_tasks_are_shared_evenly_also_with_a_late_worker(lab: Lab) -> None:
    tasks = [lab.submit() for _ in range(20)]
    first, second = hands(lab, 32, 32)
    assert first.take() == [task.id for task in tasks[:10]]
    assert first.take() == [], "the rest is the other's"
    assert second.take() == [task.id for task in tasks[10:]]
    more = [lab.submit() for _ in range(11)]
    (third,) = hands(lab, 32)
    assert first.take() == [more[0].id], "the new one comes up to ten, one is left, and they are equal"
    assert second.take() == []
    assert third.take() == [task.id for task in more[1:]]


def test_single_tasks_go_to_the_worker_with_the_fewest(lab: Lab) -> None:
    first, second = hands(lab, 32, 32)
    for _ in range(10):
        lab.submit()
        first.take()
        second.take()
    assert (len(first.held), len(second.held)) == (5, 5)


def test_tasks_beyond_a_small_workers_slots_go_to_a_large_one(lab: Lab) -> None:
    for _ in range(20):
        lab.submit()
    big, small = hands(lab, 32, 4)
    assert len(big.take()) == 17
    assert len(small.take()) == 3, "the fourth slot is not for this lane"


def test_an_idle_worker_is_preferred_to_a_busy_one(lab: Lab) -> None:
    for _ in range(3):
        lab.submit(lane=Lane.LONG)
    (busy,) = hands(lab, 8)
    assert len(busy.take()) == 3
    (idle,) = hands(lab, 8)
    note = lab.submit(lane=Lane.HIGH)
    assert busy.take() == []
    assert idle.take() == [note.id]


def test_stopping_and_dead_workers_get_no_share(lab: Lab) -> None:
    dead, stopping, alive = hands(lab, 32, 32, 32)
    stopping.beat(takes_on=False)
    lab.client.hset("asr:rooms", dead.worker.name, '{"held": {}, "free": {"asr-queue": 32}, "gone": 1}')
    for _ in range(12):
        lab.submit()
    assert len(alive.take()) == 12
    assert list(lab.client.hkeys("asr:rooms")) == [alive.worker.name], "the dead are struck off"


def test_a_claim_does_not_announce_a_worker_without_a_reported_capacity(lab: Lab) -> None:
    alive = Hand(lab)
    lab.submit()
    assert len(alive.take()) == 1
    assert not lab.client.exists("asr:rooms")


def test_turns_of_a_lane_are_shared_between_workers(lab: Lab) -> None:
    first, second = hands(lab, 8, 8)
    long = [lab.submit(lane=Lane.LONG) for _ in range(2)]
    lab.submit(lane=Lane.HIGH)
    assert first.take(Lane.LONG) == [long[0].id]
    assert first.take(Lane.LONG) == []
    assert second.take(Lane.LONG) == [long[1].id]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    slots=st.lists(st.integers(1, 32), min_size=1, max_size=4),
    waiting=st.lists(st.sampled_from(Lane), max_size=40),
    ends=st.randoms(use_true_random=False),
)
def test_any_number_of_workers_shares_any_load(
    tmp_path_factory: pytest.TempPathFactory, client: redis.Redis, slots, waiting, ends
) -> None:
    client.flushall()
    lab = Lab(tmp_path_factory.mktemp("lab"), client)
    lines = {lane: [lab.submit(lane=lane).id for each in waiting if each is lane] for lane in Lane}
    crowd = hands(lab, *slots)
    taken: list[str] = []
    while round_of := [task_id for hand in ends.sample(crowd, len(crowd)) for task_id in hand.take()]:
        taken += round_of
    for lane, line in lines.items():
        mine = [task_id for task_id in taken if task_id in line]
        assert mine == line[: len(mine)], "first in, first out"
        if len(mine) < len(line):
            assert not any(hand.capacity.free[lane] for hand in crowd), "nothing lies while a slot is free"
    assert all(len(hand.held) <= hand.slots for hand in crowd)
    if len(set(waiting)) == 1:
        counts = [Counter(hand.held)[waiting[0]] for hand in crowd]
        with_room = [n for n, hand in zip(counts, crowd, strict=True) if hand.capacity.free[waiting[0]]]
        assert not with_room or max(counts) <= min(with_room) + 1


def test_a_task_is_left_to_a_worker_that_has_its_model(lab: Lab) -> None:
    plain, able = Hand(lab, models=("a",)), Hand(lab, models=("a", "b"))
    plain.beat()
    able.beat()
    tasks = [
        lab.submit(duration=2.0, options=TranscriptionOptions(model=model))
        for model in ("b", None, "b", "a", "b")
    ]
    assert plain.take() == [tasks[1].id, tasks[3].id]
    assert lab.queued_seconds() == 6
    assert [lab.place(task) for task in tasks[::2]] == [(1, 0), (2, 2), (3, 4)], "in their old order"
    able.held = [Lane.SHORT] * 5
    assert able.take() == [task.id for task in tasks[::2]], "one that cannot do them is no rival, idle or not"


def test_a_model_that_no_other_worker_has_is_no_reason_to_wait(lab: Lab) -> None:
    """Whoever takes the task can report why it fails; a worker that was killed a moment ago may come back."""
    plain, able = Hand(lab, models=("a",)), Hand(lab, models=("a", "b"))
    able.beat(takes_on=False)
    task = lab.submit(options=TranscriptionOptions(model="b"))
    plain.beat()
    assert plain.take() == []
    lab.client.hdel("voxq:workers", able.worker.name)
    assert plain.take() == [task.id]
