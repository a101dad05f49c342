"""`kill -9` between any two lines that write tasks down: another process completes the operation exactly
once.

Each operation is done by a process that is killed before its n-th line, for every n if VOXQ_TEST_EVERY_LINE=1
and for some of them otherwise.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis
from dying import dies_before_line, lines_of
from loguru import logger
from task_lab import Lab, done, failed, make_task, make_worker

from voxq.core.task import Task
from voxq.queue import ends

EVERYWHERE = os.environ.get("VOXQ_TEST_EVERY_LINE") == "1"
POINTS = 16
SECRET = "streng geheim"


@dataclass
class World:
    """A lab with tasks, and the expected outcome."""

    lab: Lab
    act: Callable[[], object] = lambda: None
    tasks: list[Task] = field(default_factory=list)
    """Tasks of which a client has the id."""
    untold: list[Task] = field(default_factory=list)
    """Tasks of which no client has the id: they end or vanish."""
    gone: list[Task] = field(default_factory=list)
    """Tasks of which no trace may be left."""
    again: Callable[[], object] = lambda: None
    """Function with which the client repeats a request without a response."""


def submit(world: World) -> None:
    task = make_task(idempotency="f" * 64, callback="bot")

    def act() -> None:
        world.lab.accept(task)
        world.lab.enqueue(task)

    world.act, world.untold = act, [task]


def done_or_failed(world: World) -> None:
    worker = make_worker()
    tasks = [world.lab.submit(callback="bot"), world.lab.submit()]
    for _ in tasks:
        world.lab.take(worker)

    def act() -> None:
        for task, outcome in zip(tasks, (done(), failed()), strict=True):
            world.lab.parts.work.open(task).add_chunk("c", 0, 16000, {"t": "guten"})
            world.lab.ending.end(task, outcome, worker)

    world.act, world.tasks = act, tasks


def cancel(world: World) -> None:
    waiting, taken = world.lab.submit(), world.lab.submit(lane="high")
    world.lab.take(make_worker())
    world.act = lambda: [world.lab.control.cancel(task.id) for task in (waiting, taken)]
    world.tasks = [waiting, taken]


def retry(world: World) -> None:
    """Retry a task that has just failed and is not closed yet, and one that failed long ago."""
    fresh, old = world.lab.submit(callback="bot"), world.lab.submit()
    assert world.lab.ending.decide(fresh, failed())
    world.lab.ending.end(old, failed())
    world.act = lambda: [world.lab.control.retry(task.id, 1) for task in (fresh, old)]
    world.tasks = [fresh, old]


def forget(world: World) -> None:
    task, other = world.lab.submit(), world.lab.submit()
    world.lab.ending.decide(task, done(SECRET))
    world.lab.ending.end(other, done())
    world.act = world.again = lambda: world.lab.control.forget(task.id)
    world.tasks, world.gone = [other], [task]


def answer_from_another(world: World) -> None:
    known, asked = world.lab.submit(), world.lab.submit()
    world.lab.ending.end(known, done())
    world.act = lambda: world.lab.control.answer_as(asked, known.id)
    world.tasks = [known, asked]


def everything_there_is(world: World) -> None:
    """Leave a task after each step for the janitor."""
    lab, worker = world.lab, make_worker()
    accepted = lab.accept(make_task())
    waiting = lab.submit(callback="bot")
    taken = [lab.submit(lane="high") for _ in range(4)]
    held = [lab.take(worker) for _ in taken]
    _, decided, announced, closed = (each.task for each in held)
    lab.ending.decide(decided, done())
    lab.ending.decide(announced, failed())
    end = lab.journal.ended(announced.id, 1)
    assert end is not None
    lab.run(ends.finish(lab.store, end, time.time(), worker))
    lab.ending.end(closed, done(), worker)
    lab.journal.mark_notified(closed.id, 1)
    world.tasks = [accepted, waiting, *taken]


def complete(world: World) -> None:
    everything_there_is(world)
    world.lab.let_claims_expire()

    def act() -> None:
        world.lab.recovery.bring_back_dead()
        world.lab.recovery.complete()

    world.act = act


def rebuild(world: World) -> None:
    """Rebuild a Redis that had lost an Idempotency-Key, so that two of the tasks have it."""
    everything_there_is(world)
    world.tasks += [world.lab.accept(make_task(idempotency="f" * 64)) for _ in range(2)]
    world.lab.client.flushall()
    world.act = lambda: world.lab.recovery.rebuild(patience=0)


def retain(world: World) -> None:
    """Apply retention that keeps nothing: old ends with their recordings and marks, an upload that was cut
    off."""
    lab = world.lab
    tasks = [lab.submit() for _ in range(3)]
    for task in tasks:
        lab.ending.end(task, done(SECRET, ended_at=time.time() - 9999))
        lab.journal.mark_notified(task.id, 1)
    part = lab.blobs.part("0" * 32)
    part.touch()
    os.utime(part, (0, 0))
    lab.parts.work.open(make_task())
    world.act, world.gone = lab.cleanup.run, tasks


OPERATIONS = (submit, done_or_failed, cancel, retry, forget, answer_from_another, complete, rebuild, retain)


@pytest.fixture(autouse=True)
def _quietly() -> Iterator[None]:
    """Silence recovery, which would log hundreds of times."""
    logger.disable("voxq")
    yield
    logger.enable("voxq")


@pytest.mark.slow
@pytest.mark.timeout(0 if EVERYWHERE else 300)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_a_kill_between_any_two_lines_loses_nothing(
    operation: Callable[[World], None], tmp_path: Path, client: redis.Redis
) -> None:
    def fresh() -> World:
        client.flushall()
        shutil.rmtree(tmp_path / "storage", ignore_errors=True)
        lab = Lab(tmp_path / "storage", client, max_recordings=0 if operation is retain else 10)
        lab.recover()
        world = World(lab)
        operation(world)
        return world

    world = fresh()
    lines = lines_of(world.act)
    settle(world)
    check(world, "undisturbed")
    for number in points(lines, operation.__name__):
        world = fresh()
        dies_before_line(number, world.act)
        settle(world)
        check(world, f"killed before line {number} of {lines}")


def points(lines: int, seed: str) -> Iterable[int]:
    everywhere = range(1, lines + 1)
    if EVERYWHERE or lines <= POINTS:
        return everywhere
    return sorted(random.Random(seed).sample(everywhere, POINTS))


def settle(world: World) -> None:
    """Let time pass: claims expire, the janitor makes its rounds, a worker does what waits, and a client
    without a response repeats its request."""
    lab = world.lab
    lab.let_claims_expire()
    world.again()
    for _ in range(2):
        lab.recover()
        lab.drain(make_worker())
    for unfinished in (*lab.root.glob("journal/*/.*"), *lab.root.glob("incoming/*")):
        os.utime(unfinished, (0, 0))
    lab.cleanup.run()


def check(world: World, when: str) -> None:
    lab = world.lab
    tasks = [*world.tasks, *(task for task in world.untold if lab.journal.runs_of(task.id))]
    records = [each for each in map(json.loads, lab.log_lines()) if not each.get("erased")]
    logged = Counter((each["task_id"], each["run"]) for each in records)
    shown = Counter((each["task_id"], each["run"]) for each in map(json.loads, lab.history()))
    assert {*logged.values(), *shown.values()} <= {1}, f"{when}: doubled"
    assert lab.journal.open_ids() == [], when
    ends = {}
    for task in tasks:
        # Of a task that was retried, retention keeps only the last end; the log has them all.
        last = max(lab.journal.runs_of(task.id), default=0)
        assert [run for task_id, run in sorted(logged) if task_id == task.id] == list(range(1, last + 1)), (
            when
        )
        end = lab.journal.ended(task.id, last)
        assert end is not None, when
        assert lab.status(task) == end.outcome.status, when
        ends[task.id, last] = end
    assert set(lab.journal.ended_runs()) == ends.keys(), when
    cancelled = {(each["task_id"], each["run"]) for each in records if each["status"] == "cancelled"}
    if world.tasks:
        assert shown.keys() == logged.keys() - cancelled, when
    to_be_told = {task.id for task in tasks if task.callback}
    jobs = {f"rq:job:bot_{task_id}_{run}" for task_id, run in logged if task_id in to_be_told}
    assert set(lab.client.keys("rq:job:bot_*")) == jobs, when
    nothing_is_left(world, {task.id for task in tasks}, when)


def nothing_is_left(world: World, known: set[str], when: str) -> None:
    lab, client = world.lab, world.lab.client
    assert list(lab.parts.work.names()) == [], when
    assert not list(lab.root.glob("journal/*/.*")), when
    told = {path.name.rpartition(".")[0] for path in lab.root.glob("journal/told/*")}
    assert told <= known, f"{when}: marks of nobody"
    assert not list(lab.root.glob("incoming/*")), when
    for pattern in ("rq:queue:asr*", "asr:claim:*", "rq:wip:asr*", "asr:waiting", "asr:leases"):
        assert client.keys(pattern) == [], when
    assert lab.queued_seconds() == 0, when
    for task in world.gone:
        assert not lab.blobs.exists(task.file), when
        assert client.hget("asr:audio", task.short_id) is None, f"{when}: its short id leads nowhere"
    if world.again is world.act:
        assert SECRET not in (lab.root / "logs/asr_history.jsonl").read_text(), when
