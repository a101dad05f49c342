"""Places in the queue and amounts of waiting work: exact, without a walk through the queue."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from task_lab import Lab, cancelled, done, make_task, make_worker

from voxq.core.task import Lane, Task
from voxq.queue import claiming, enqueueing, script
from voxq.queue.claiming import Capacity, Worker
from voxq.queue.script import Command


def test_a_lane_is_first_in_first_out(lab: Lab, worker: Worker) -> None:
    tasks = [lab.submit(duration=float(number)) for number in range(1, 6)]
    assert [lab.place(task) for task in tasks] == [(1, 0), (2, 1), (3, 3), (4, 6), (5, 10)]
    assert lab.queued_seconds() == 15
    assert lab.claim(worker, {Lane.SHORT: 2}) == tasks[:2]
    assert [lab.place(task) for task in tasks] == [None, None, (1, 0), (2, 3), (3, 7)]
    assert lab.queued_seconds() == 12


def test_higher_lanes_come_first(lab: Lab, worker: Worker) -> None:
    long = lab.submit(lane=Lane.LONG, duration=100.0)
    short = lab.submit(duration=5.0)
    high = lab.submit(lane=Lane.HIGH, duration=7.0)
    assert [lab.place(task) for task in (high, short, long)] == [(1, 0), (2, 7), (3, 12)]
    assert lab.run(enqueueing.counts(lab.store, time.time())).by_lane == {
        Lane.HIGH: 1,
        Lane.SHORT: 1,
        Lane.LONG: 1,
    }
    assert lab.claim(worker) == [high, short, long]


def test_an_unknown_duration_is_guessed_from_the_size(lab: Lab) -> None:
    lab.submit(duration=None, size=400_000)
    assert lab.queued_seconds() == 100


def test_a_task_cancelled_in_the_middle_moves_only_those_behind_it(lab: Lab) -> None:
    tasks = [lab.submit(duration=float(number)) for number in range(1, 6)]
    assert lab.control.cancel(tasks[2].id)
    assert [lab.place(task) for task in tasks] == [(1, 0), (2, 1), None, (3, 3), (4, 7)]
    assert lab.queued_seconds() == 12


def test_a_task_of_zero_length_counts_as_one_second(lab: Lab) -> None:
    tasks = [lab.submit(duration=duration) for duration in (1.0, 2.0, 0.0, 3.0)]
    lab.control.cancel(tasks[1].id)
    assert [lab.place(task) for task in tasks] == [(1, 0), None, (2, 1), (3, 2)]


def test_a_requeued_task_is_at_the_front_again(lab: Lab, worker: Worker) -> None:
    tasks = [lab.submit(duration=float(number)) for number in range(1, 6)]
    taken = lab.claim(worker, {Lane.SHORT: 3})
    assert lab.run(claiming.release(lab.store, worker, taken)) == 3
    assert [lab.place(task) for task in tasks] == [(1, 0), (2, 1), (3, 3), (4, 6), (5, 10)]
    lab.claim(worker, {Lane.SHORT: 2})
    lab.let_claims_expire()
    assert lab.recovery.bring_back_dead() == 2
    assert [lab.place(task) for task in tasks] == [(1, 0), (2, 1), (3, 3), (4, 6), (5, 10)]


def test_a_lane_emptied_by_rq_is_counted_right_after_recovery(lab: Lab, worker: Worker) -> None:
    lab.recover()
    tasks = [lab.submit(duration=float(number)) for number in range(1, 6)]
    lab.client.delete("rq:queue:asr-queue")
    late = lab.submit(duration=6.0)
    assert lab.recovery.complete() == 5
    assert lab.queued_seconds() == 21
    assert lab.place(late) == (1, 0)
    assert [lab.place(task) for task in tasks] == [(2, 6), (3, 7), (4, 9), (5, 12), (6, 16)]
    assert len(lab.drain(worker)) == 6
    assert lab.queued_seconds() == 0


OWNERS = ("anna", "ben")


@dataclass
class Model:
    """The lanes as plain lists of (task, seconds); tasks in progress are in `taken`."""

    lanes: dict[Lane, list[Task]] = field(default_factory=lambda: {lane: [] for lane in Lane})
    taken: list[Task] = field(default_factory=list)

    def line(self) -> list[Task]:
        return [task for lane in Lane for task in self.lanes[lane]]

    def places(self) -> dict[str, tuple[int, float]]:
        places, ahead = {}, 0.0
        for position, task in enumerate(self.line(), start=1):
            places[task.id] = (position, ahead)
            ahead += task.queue_seconds
        return places


steps = st.lists(
    st.sampled_from(["submit", "submit", "submit", "claim", "cancel", "finish", "release", "die"]),
    min_size=5,
    max_size=40,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=30,
)
@given(steps=steps, choices=st.randoms(use_true_random=False))
def test_places_and_meters_agree_with_plain_lists(
    tmp_path_factory: pytest.TempPathFactory, client: redis.Redis, steps: list[str], choices: random.Random
) -> None:
    client.flushall()
    lab, worker, model = Lab(tmp_path_factory.mktemp("lab"), client), make_worker(), Model()
    for step in steps:
        _take_step(step, lab, worker, model, choices)
        expected = model.places()
        seconds = sum(task.queue_seconds for task in model.line())
        assert lab.queued_seconds() == pytest.approx(seconds, abs=1e-6)
        for owner in OWNERS:
            theirs = sum(task.queue_seconds for task in model.line() if task.owner == owner)
            entry = lab.run(enqueueing.entry(lab.store, time.time(), None, owner))
            assert entry.owner_seconds == pytest.approx(theirs, abs=1e-6)
        for task in model.line():
            position, ahead = lab.place(task) or (0, 0)
            assert (position, ahead) == (expected[task.id][0], pytest.approx(expected[task.id][1], abs=1e-6))
        assert all(lab.place(task) is None for task in model.taken)
    for task in model.line() + model.taken:
        lab.ending.end(task, cancelled())
    assert lab.queued_seconds() == 0
    assert client.exists("asr:waiting", "asr:owners") == 0


def _take_step(step: str, lab: Lab, worker: Worker, model: Model, choices: random.Random) -> None:
    match step:
        case "submit":
            task = lab.submit(
                lane=choices.choice(list(Lane)),
                owner=choices.choice(OWNERS),
                duration=round(choices.uniform(0, 500), 3),
            )
            model.lanes[task.lane].append(task)
        case "claim":
            lane = choices.choice(list(Lane))
            expected = [model.lanes[lane].pop(0) for _ in model.lanes[lane][:2]]
            assert lab.claim(worker, {lane: 2}) == expected
            model.taken += expected
            for task in expected[:1]:  # the others stay between W1 and W2
                assert lab.register(worker, task)
        case "cancel" if model.line():
            task = choices.choice(model.line())
            lab.ending.end(task, cancelled())
            model.lanes[task.lane].remove(task)
        case "finish" if model.taken:
            task = model.taken.pop(choices.randrange(len(model.taken)))
            lab.ending.end(task, done(), worker)
        case "release" if model.taken:
            task = model.taken.pop(choices.randrange(len(model.taken)))
            assert lab.run(claiming.release(lab.store, worker, [task])) == 1
            model.lanes[task.lane].insert(0, task)
        case "die":
            lab.let_claims_expire()
            back = lab.run(claiming.expire(lab.store, time.time()))
            assert sorted(back) == sorted(task.id for task in model.taken)
            for task_id in back:  # in the order in which they were put in front
                task = next(task for task in model.taken if task.id == task_id)
                model.lanes[task.lane].insert(0, task)
            model.taken.clear()


def test_the_limit_itself_is_allowed_and_more_is_refused(tmp_path: Path, client: redis.Redis) -> None:
    lab = Lab(tmp_path, client, max_queue_seconds=100)
    for _ in range(10):
        lab.submit(duration=10.0)
    refused = lab.enqueue(make_task(duration=0.1))
    assert (refused.answer, refused.waiting_seconds) == ("full", 100)
    assert lab.run(enqueueing.entry(lab.store, time.time(), None, "anna")).waiting_seconds == 100
    claimed = lab.claim(make_worker(), {Lane.SHORT: 1})
    assert lab.enqueue(make_task(duration=500.0)).answer == "queued"
    assert lab.run(claiming.release(lab.store, make_worker(), claimed)) == 0
    assert lab.run(enqueueing.enqueue(lab.store, make_task(), limited=False)).answer == "queued"


def test_very_short_recordings_are_limited_by_the_queue_too(tmp_path: Path, client: redis.Redis) -> None:
    lab = Lab(tmp_path, client, max_queue_seconds=10)
    answers = [lab.enqueue(make_task(duration=0.001)).answer for _ in range(12)]
    assert (answers.count("queued"), answers.count("full")) == (10, 2)


def test_fifty_clients_at_once_are_admitted_up_to_the_limit(tmp_path: Path, client: redis.Redis) -> None:
    lab = Lab(tmp_path, client, max_queue_seconds=200)
    tasks = [make_task(duration=10.0) for _ in range(50)]

    with ThreadPoolExecutor(50) as pool:  # and a connection for each
        answers = [enqueued.answer for enqueued in pool.map(lab.enqueue, tasks)]
    assert (answers.count("queued"), answers.count("full")) == (20, 30)
    assert lab.queued_seconds() == 200
    waiting = sorted(lab.place(task) or (0, 0) for task in tasks)[30:]
    assert waiting == [(position, 10.0 * (position - 1)) for position in range(1, 21)]


def test_status_queries_are_quick_with_five_thousand_waiting(lab: Lab, worker: Worker) -> None:
    tasks = [make_task() for _ in range(5000)]
    client = lab.client
    for task in tasks:
        lab.run(enqueueing.enqueue(lab.store, task, limited=False))

    def once(command: Command[Any]) -> float:
        client.script_load(script.script(command.name).text)
        client.config_resetstat()
        lab.run(command)
        return client.info("commandstats")["cmdstat_evalsha"]["usec"] / 1000

    def server_ms(command_for: Callable[[int], Command[Any]]) -> float:
        """Return the milliseconds of the quickest of several calls, because the server may have to wait for a
        processor."""
        return min(once(command_for(number)) for number in range(8))

    measured = {
        "view": server_ms(lambda _: enqueueing.view(lab.store, tasks[-1].id)),
        "counts": server_ms(lambda _: enqueueing.counts(lab.store, time.time())),
        "entry": server_ms(lambda _: enqueueing.entry(lab.store, time.time(), None, "anna")),
        "leave from the middle": server_ms(lambda n: enqueueing.forget(lab.store, tasks[2500 + n].id)),
        "missing": server_ms(lambda _: enqueueing.missing(lab.store, [task.id for task in tasks[:500]])),
        "claim": server_ms(
            lambda _: claiming.claim(lab.store, worker, Capacity({}, {Lane.SHORT: 1}), time.time())
        ),
    }
    print(measured)
    # The times are a tenth of this on an idle machine.
    assert measured["view"] < 2
    assert max(measured.values()) < 200
