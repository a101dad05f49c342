"""Random sequences of operations and faults: each run of every accepted task ends once, and nothing leaks."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import ClassVar

import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from task_lab import Lab, done, failed, make_task, make_worker

from voxq.core.refusal import Refusal
from voxq.core.task import Lane, Task
from voxq.queue import claiming, ends
from voxq.queue.claiming import TaskExecution

EXAMPLES = 30
WORKERS = [make_worker(name) for name in ("w1", "w2")]
workers = st.sampled_from(WORKERS)
outcomes = st.sampled_from([done, failed])


class Service(RuleBasedStateMachine):
    """Clients, two workers and a janitor on one Redis and one disk, any of which may die at any time."""

    client: ClassVar[redis.Redis]
    tasks = Bundle("tasks")
    held = Bundle("held")  # with its worker, which may have lost the claim long ago without knowing it

    @initialize()
    def start(self) -> None:
        self.client.flushall()
        self.root = Path(tempfile.mkdtemp(prefix="voxq-test-"))
        self.lab = Lab(self.root, self.client, max_history_records=1000, max_recordings=1000)
        self.accepted: set[str] = set()
        self.forgotten: set[str] = set()

    @rule(target=tasks, lane=st.sampled_from(Lane), how_far=st.sampled_from(["S2", "S3", "S3"]))
    def submit(self, lane: Lane, how_far: str) -> Task:
        task = self.lab.accept(make_task(lane=lane))
        self.accepted.add(task.id)
        if how_far == "S3":
            self.lab.enqueue(task)
        return task

    @rule(target=held, worker=workers, how_far=st.sampled_from(["W1", "W2", "W2", "W2"]))
    def take(self, worker, how_far: str):
        taken = []
        for task in self.lab.claim(worker, {Lane.SHORT: 1, Lane.HIGH: 1}):
            held = self.lab.register(worker, task) if how_far == "W2" else TaskExecution(task, "0" * 32)
            if held:
                taken.append((worker, held))
        return multiple(*taken)

    @rule(one=held)
    def beat(self, one) -> None:
        worker, held = one
        if self.lab.beat(worker, [held]).lost and self.lab.journal.is_open(held.task):
            self.lab.register(worker, held.task)

    @rule(
        one=consumes(held), end=outcomes, how_far=st.sampled_from(["E1", "E2", "E3 line", "E3", "E3", "E3"])
    )
    def finish(self, one, end, how_far: str) -> None:
        worker, held = one
        if not self.lab.ending.decide(held.task, end()) or how_far == "E1":
            return
        if how_far == "E3":
            self.lab.ending.publish(held.task, worker)
            return
        ended = self.lab.journal.ended(held.task.id, held.task.run)
        assert ended is not None
        answer = self.lab.run(ends.finish(self.lab.store, ended, time.time(), worker))
        if how_far == "E3 line" and self.lab.journal.open_task(held.task.id) == held.task:
            self.lab.log.settle([ended], self.lab.journal, maybe_logged=answer != "ended")
            self.lab.journal.accept(held.task)  # as if it had died before closing it

    @rule(one=consumes(held))
    def hand_back(self, one) -> None:
        worker, held = one
        self.lab.run(claiming.release(self.lab.store, worker, [held.task]))

    @rule()
    def workers_are_silent_too_long(self) -> None:
        self.lab.let_claims_expire()

    @rule(task=tasks)
    def cancel(self, task: Task) -> None:
        self.lab.control.cancel(task.id)

    @rule(task=tasks)
    def retry(self, task: Task) -> None:
        for run in self.lab.journal.runs_of(task.id)[-1:]:
            with contextlib.suppress(Refusal):
                self.lab.control.retry(task.id, run)

    @rule(task=consumes(tasks))
    def forget(self, task: Task) -> None:
        if self.lab.control.forget(task.id):
            self.forgotten.add(task.id)

    @rule()
    def redis_comes_back_empty(self) -> None:
        self.client.flushall()

    @rule()
    def rq_cleans_up_and_queues_an_id_twice(self) -> None:
        for lane in self.lab.store.queues.values():
            for task_id in self.client.lrange(f"rq:queue:{lane}", 0, 0):
                self.client.rpush(f"rq:queue:{lane}", task_id)

    @rule()
    def recover(self) -> None:
        self.lab.recover()

    @invariant()
    def nothing_is_told_twice(self) -> None:
        if not hasattr(self, "lab"):
            return
        logged = [json.loads(line) for line in self.lab.log_lines()]
        shown = [json.loads(item) for item in self.lab.history()]
        for records in (logged, shown):
            counts = Counter((record["task_id"], record["run"]) for record in records)
            assert not counts or max(counts.values()) == 1, counts

    def teardown(self) -> None:
        if not hasattr(self, "lab"):
            return
        lab = self.lab
        for _ in range(3):
            lab.let_claims_expire()
            lab.recover()
            lab.drain(WORKERS[0])
        assert lab.journal.open_ids() == []
        logged = {record["task_id"] for record in map(json.loads, lab.log_lines())}
        assert logged == self.accepted
        for task_id in self.accepted - self.forgotten:
            assert lab.journal.runs_of(task_id)
        shown = {json.loads(item)["task_id"] for item in lab.history()}
        assert not shown & self.forgotten
        self.assert_nothing_leaks()
        shutil.rmtree(self.root)

    def assert_nothing_leaks(self) -> None:
        lasting = {key for key in self.client.keys("*") if self.client.ttl(key) == -1}
        singletons = {"voxq:epoch", "voxq:server", "voxq:workers", "rq:queues"}
        singletons |= {
            f"asr:{name}" for name in ("audio", "meters", "stats", "stats:samples", "history:latest")
        }
        registries = {
            f"rq:{name}:{lane}" for name in ("finished", "failed") for lane in self.lab.store.queues.values()
        }
        assert lasting <= singletons | registries
        assert self.lab.queued_seconds() == 0
        kept = {recording.task_id for recording in self.lab.parts.blobs.all()}
        assert kept <= self.accepted - self.forgotten
        assert list(self.lab.parts.work.names()) == []


def test_any_order_of_operations_and_faults_ends_each_run_once(client: redis.Redis) -> None:
    Service.client = client
    run_state_machine_as_test(
        Service,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
