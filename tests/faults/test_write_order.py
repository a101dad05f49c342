"""The write order, interrupted after every step: the task is found unchanged or ended, and never ends
twice."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from task_lab import Lab, cancelled, done, failed, make_task, make_worker

from voxq import kinds
from voxq.core.task import Task
from voxq.queue import ends, enqueueing
from voxq.queue.claiming import TaskExecution


@pytest.fixture(params=kinds.registered())
def lab(tmp_path: Path, client: redis.Redis, request: pytest.FixtureRequest) -> Lab:
    lab = Lab(tmp_path / "storage", client, kind=request.param)
    lab.recover()
    return lab


class Died(Exception):
    """The process ended at this point."""


class Run:
    """One task, processed one write at a time."""

    def __init__(self, lab: Lab, *, idempotency: str | None = None) -> None:
        self.lab = lab
        self.worker = make_worker()
        self.task = make_task(kind=lab.kind, idempotency=idempotency)
        self.held: TaskExecution | None = None

    def s1(self) -> None:
        """Store the file; a text has none."""
        if kinds.find(self.task.kind).takes_recording:
            self.lab.keep(self.task)

    def s2(self) -> None:
        self.lab.journal.accept(self.task)

    def s3(self) -> None:
        assert self.lab.enqueue(self.task).answer == "queued"

    def w1(self) -> None:
        assert self.lab.claim(self.worker) == [self.task]

    def w2(self) -> None:
        self.held = self.lab.register(self.worker, self.task)
        assert self.held is not None

    def w3(self) -> None:
        self.lab.parts.work.open(self.task).add_chunk("c", 0, 16000, {"t": "guten"})

    def w4(self) -> None:
        """Move the result to its place; a recording has no file to move."""
        if kinds.find(self.task.kind).makes_file:
            self.lab.keep(self.task)

    def e1(self) -> None:
        assert self.lab.ending.decide(self.task, done())

    def e2(self) -> None:
        end = self.lab.journal.ended(self.task.id, 1)
        assert end is not None
        assert self.lab.run(ends.finish(self.lab.store, end, time.time(), self.worker)) == "ended"

    def e3_half_a_line(self) -> None:
        with (self.lab.root / f"logs/{self.lab.kind}_history.jsonl").open("ab") as file:
            file.write(f'{{"task_id": "{self.task.id}", "run": 1, "fi'.encode())

    def e3_line(self) -> None:
        end = self.lab.journal.ended(self.task.id, 1)
        assert end is not None
        self.lab.log.settle([end], self.lab.journal, maybe_logged=False)
        self.lab.journal.accept(self.task)  # as if it had died before closing it

    def e3(self) -> None:
        self.lab.ending.publish(self.task, self.worker)


ORDER: list[Callable[[Run], None]] = [
    *(Run.s1, Run.s2, Run.s3),
    *(Run.w1, Run.w2, Run.w3, Run.w4),
    *(Run.e1, Run.e2, Run.e3_half_a_line, Run.e3_line, Run.e3),
]
ACCEPTED = ORDER.index(Run.s2)
TAKEN = ORDER.index(Run.w1)
DECIDED = ORDER.index(Run.e1)


def after_each_step(first: int = 0) -> pytest.MarkDecorator:
    names = [f"after {step.__name__}" for step in ORDER[first:]]
    return pytest.mark.parametrize("last", range(first, len(ORDER)), ids=names)


redis_too = pytest.mark.parametrize("redis_is_lost", [False, True], ids=["", "redis came back empty"])


def go(run: Run, last: int, *, redis_is_lost: bool) -> None:
    """Do everything up to step `last`; then the process is gone, and perhaps Redis as well."""
    for step in ORDER[: last + 1]:
        step(run)
    run.lab.let_claims_expire()
    if redis_is_lost:
        run.lab.client.flushall()


def recover_and_drain(lab: Lab) -> None:
    worker = make_worker()
    for _ in range(2):
        lab.recover()
        lab.drain(worker)


def assert_ended_once(lab: Lab, task: Task, status: str = "done") -> None:
    """Assert that the task has ended in the journal, history and log, and is open nowhere."""
    assert lab.status(task) == status
    assert lab.journal.runs_of(task.id) == [1]
    assert lab.journal.open_ids() == []
    logged = Counter((record["task_id"], record["run"]) for record in map(json.loads, lab.log_lines()))
    assert logged == {(task.id, 1): 1}
    shown = [json.loads(item)["task_id"] for item in lab.history()]
    assert shown == ([] if status == "cancelled" else [task.id])
    assert list(lab.parts.work.names()) == []
    assert lab.queued_seconds() == 0
    assert (
        lab.client.keys("*:claim:*") == lab.client.keys("rq:execution*") == lab.client.keys("rq:wip:*") == []
    )
    assert lab.client.keys("rq:queue:*") == lab.client.keys("*:waiting") == []


@redis_too
@after_each_step()
def test_recovery_completes_a_task_after_a_kill_at_any_step(lab: Lab, last: int, redis_is_lost: bool) -> None:
    run = Run(lab)
    go(run, last, redis_is_lost=redis_is_lost)
    recover_and_drain(lab)
    if last < ACCEPTED:
        assert lab.journal.open_ids() == []
        assert lab.status(run.task) is None
        assert lab.log_lines() == lab.history() == []
    else:
        assert_ended_once(lab, run.task)


@redis_too
@after_each_step()
def test_recovery_changes_only_what_was_decided(lab: Lab, last: int, redis_is_lost: bool) -> None:
    """Before its end, the task waits as if it had just been accepted."""
    run = Run(lab)
    go(run, last, redis_is_lost=redis_is_lost)
    for _ in range(2):
        lab.recover()
    if last < ACCEPTED:
        assert lab.status(run.task) is None
    elif last < DECIDED:
        assert lab.status(run.task) == "queued"
        assert lab.place(run.task) == (1, 0)
        assert lab.journal.open_task(run.task.id) == run.task
        assert lab.log_lines() == []
        assert list(lab.parts.work.names()) == ([f"{run.task.id}.1"] if last >= ORDER.index(Run.w3) else [])
    else:
        assert_ended_once(lab, run.task)


@redis_too
@after_each_step(TAKEN)
def test_a_suspended_worker_that_wakes_up_does_no_harm(lab: Lab, last: int, redis_is_lost: bool) -> None:
    """The worker wakes up after another one has done its task, and continues where it was."""
    run = Run(lab)
    go(run, last, redis_is_lost=redis_is_lost)
    recover_and_drain(lab)
    held = run.held or TaskExecution(run.task, "0" * 32)
    assert lab.beat(run.worker, [held]).lost == (run.task.id,)
    assert lab.register(run.worker, run.task) is None
    assert not lab.ending.end(run.task, failed(), run.worker)
    lab.ending.publish(run.task, run.worker)
    lab.recover()
    assert_ended_once(lab, run.task)


@redis_too
@after_each_step()
def test_a_task_can_be_cancelled_after_any_step_before_its_end(
    lab: Lab, last: int, redis_is_lost: bool
) -> None:
    run = Run(lab)
    go(run, last, redis_is_lost=redis_is_lost)
    assert lab.control.cancel(run.task.id) == (ACCEPTED <= last < DECIDED)
    recover_and_drain(lab)
    if last >= ACCEPTED:
        assert_ended_once(lab, run.task, "cancelled" if last < DECIDED else "done")


@redis_too
@pytest.mark.parametrize("last", range(3), ids=["E1", "E2", "E3"])
def test_a_cancel_that_is_killed_is_completed(lab: Lab, last: int, redis_is_lost: bool) -> None:
    run = Run(lab)
    go(run, TAKEN - 1, redis_is_lost=False)
    assert lab.ending.decide(run.task, cancelled())
    end = lab.journal.ended(run.task.id, 1)
    assert end is not None
    if last >= 1:
        lab.run(ends.finish(lab.store, end, time.time()))
    if last >= 2:
        run.e3_line()
    if redis_is_lost:
        lab.client.flushall()
    recover_and_drain(lab)
    assert_ended_once(lab, run.task, "cancelled")


@after_each_step()
def test_a_repeated_submission_with_the_same_key_gets_one_result(lab: Lab, last: int) -> None:
    """The first request got no response, or the response got lost; both have the same Idempotency-Key."""
    first = Run(lab, idempotency="f" * 64)
    go(first, last, redis_is_lost=False)
    second = make_task(kind=lab.kind, idempotency="f" * 64)
    entry = lab.run(enqueueing.entry(lab.store, time.time(), second.idempotency, "anna"))
    if entry.known_id is None:
        lab.accept(second)
        assert lab.enqueue(second).answer == "queued"
        expected = second
    else:
        assert last >= ORDER.index(Run.s3)
        expected = first.task
    recover_and_drain(lab)
    assert_ended_once(lab, expected)


def test_an_old_upload_that_was_never_accepted_is_deleted(tmp_path: Path, client: redis.Redis) -> None:
    lab = Lab(tmp_path / "storage", client, max_recordings=0)
    run = Run(lab)
    run.s1()
    lab.recover()
    assert lab.parts.blobs.exists(run.task.file)
    path = lab.parts.blobs.path(run.task.file)
    os.utime(path, (time.time() - 3600,) * 2)
    lab.recover()
    assert not path.exists()


def test_a_recovery_that_is_killed_is_completed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recovery is interrupted at every command in turn, for a task after each step; the next one
    continues."""
    runs = [Run(lab) for _ in ORDER]
    for last in reversed(range(len(ORDER))):  # workers that take a task before those that leave it waiting
        for step in ORDER[: last + 1]:
            step(runs[last])
    lab.let_claims_expire()
    lab.client.flushall()
    for allowed in range(1, 40):
        left = iter(range(allowed))

        def evalsha(*args: object, real=lab.client.evalsha, left=left) -> object:
            if next(left, None) is None:
                raise Died
            return real(*args)

        with monkeypatch.context() as patch, contextlib.suppress(Died):
            patch.setattr(lab.client, "evalsha", evalsha)
            lab.recover()
            break
    else:
        pytest.fail("recovery never came to its end")
    recover_and_drain(lab)
    logged = Counter(record["task_id"] for record in map(json.loads, lab.log_lines()))
    shown = Counter(json.loads(item)["task_id"] for item in lab.history())
    accepted = {run.task.id: 1 for run in runs[ACCEPTED:]}
    assert logged == accepted
    assert set(shown.values()) == {1}
    assert lab.journal.open_ids() == []
