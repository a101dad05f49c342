"""Ended tasks: visible everywhere at once, kept for their time, and forgotten on request."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import redis
from task_lab import Lab, cancelled, done, failed

from voxq.core.task import Lane, Task
from voxq.queue import ends, enqueueing
from voxq.queue.claiming import Worker


def keys(client: redis.Redis) -> set[str]:
    return set(client.keys("*"))


def _end(lab: Lab, task: Task, outcome: Any = None) -> Any:
    lab.journal.end(task, outcome or done())
    return lab.journal.ended(task.id, task.run)


@pytest.mark.parametrize(
    ("outcome", "ttl"),
    [(done(), 3600), (failed(), 604800), (cancelled(), 3600)],
    ids=["done", "failed", "cancelled"],
)
def test_an_end_is_kept_for_its_time(lab: Lab, worker: Worker, outcome: Any, ttl: int) -> None:
    task = lab.submit()
    lab.take(worker)
    lab.ending.end(task, outcome, worker)
    assert lab.client.ttl(lab.store.task_key(task.id)) == pytest.approx(ttl, abs=60)
    for key in keys(lab.client):
        if task.id in key:
            assert 0 < lab.client.ttl(key) <= ttl


def test_history_is_capped_and_newest_first(tmp_path: Path, client: redis.Redis, worker: Worker) -> None:
    lab = Lab(tmp_path, client, max_history_records=3)
    tasks = [lab.submit() for _ in range(5)]
    for task in tasks:
        lab.ending.end(task, done(), worker)
    lab.control.cancel(lab.submit().id)
    assert [json.loads(item)["task_id"] for item in lab.history()] == [task.id for task in tasks[:1:-1]]


def test_a_history_length_of_zero_keeps_no_history(
    tmp_path: Path, client: redis.Redis, worker: Worker
) -> None:
    lab = Lab(tmp_path, client, max_history_records=0)
    lab.ending.end(lab.submit(), done(), worker)
    lab.recovery.rebuild(patience=0)
    assert lab.history() == []


def test_an_end_lost_by_redis_is_not_counted_twice(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    end = _end(lab, task)
    assert lab.run(ends.finish(lab.store, end, time.time(), worker)) == "ended"
    lab.client.delete(lab.store.task_key(task.id))  # its time was over before the janitor's round
    assert lab.run(ends.finish(lab.store, end, time.time(), worker)) == "restored"
    assert len(lab.history()) == 1


def test_the_end_of_an_earlier_run_changes_nothing(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.ending.end(task, failed(), worker)
    end = lab.journal.ended(task.id, 1)
    assert end is not None
    lab.control.retry(task.id, 1)
    assert lab.run(ends.finish(lab.store, end, time.time(), worker)) == "superseded"
    assert lab.status(task) == "queued"


def test_registries_do_not_grow_for_ever(lab: Lab, worker: Worker) -> None:
    lab.client.zadd("rq:finished:asr-queue", {"old": time.time() - 1})
    task = lab.submit()
    lab.ending.end(task, done(), worker)
    assert lab.client.zrange("rq:finished:asr-queue", 0, -1) == [task.id]


def test_figures_are_counted(lab: Lab, worker: Worker) -> None:
    lab.client.hset(worker.key, "birth", "now")
    for outcome in (done(), done(), failed(), cancelled()):
        lab.ending.end(lab.submit(), outcome, worker)
    stats = lab.client.hgetall(lab.store.stats_key)
    assert {name: float(stats[name]) for name in ("done", "failed", "cancelled", "audio_seconds")} == {
        "done": 2,
        "failed": 1,
        "cancelled": 1,
        "audio_seconds": 20,
    }
    assert lab.client.llen(lab.store.samples_key) == 2
    assert lab.run(enqueueing.counts(lab.store, time.time())).failed == 1
    busy = lab.client.hgetall(worker.key)
    assert (busy["successful_job_count"], busy["failed_job_count"]) == ("3", "1")


def test_events_wake_waiting_clients_and_contain_no_text(lab: Lab, worker: Worker) -> None:
    listener = lab.client.pubsub(ignore_subscribe_messages=True)
    listener.subscribe("voxq:events", "voxq:wake")
    task = lab.submit()
    lab.claim(worker)
    lab.ending.end(task, done("a secret"), worker)
    lab.client.publish("voxq:wake", "all was told")
    told: Iterator[dict[str, Any]] = listener.listen()
    messages = list(takewhile(lambda message: message["data"] != "all was told", told))
    assert [message["channel"] for message in messages] == ["voxq:wake", "voxq:events", "voxq:events"]
    assert [json.loads(message["data"])["status"] for message in messages[1:]] == ["processing", "done"]
    assert "secret" not in str(messages)
    listener.close()


def test_forgetting_a_task_removes_all_its_keys(lab: Lab, worker: Worker) -> None:
    lab.ending.end(lab.submit(), done(), worker)
    before = keys(lab.client)
    task = lab.submit(lane=Lane.HIGH)
    lab.client.lpush(lab.store.history_key, "garbage", "[1]", "5")
    lab.take(worker)
    lab.ending.end(task, failed(), worker)
    assert lab.run(enqueueing.forget(lab.store, task.id))
    assert not lab.run(enqueueing.forget(lab.store, task.id))
    assert keys(lab.client) <= before
    assert task.id not in str(lab.history())
    assert len(lab.history()) == 4
    assert lab.run(enqueueing.counts(lab.store, time.time())).failed == 0
