"""Quotas and rate limits of a key: exact, even for concurrent requests."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from task_lab import Lab, done, failed, make_task

from voxq.core.refusal import Refusal
from voxq.queue import enqueueing
from voxq.queue.claiming import Worker
from voxq.queue.enqueueing import EntryCheck

KEYS = "anna:annas-secret-key,ben:bens-secret-key"


@pytest.fixture
def lab(tmp_path: Path, client: redis.Redis) -> Lab:
    limits = {"max_queue_seconds_per_key": 100, "key_limits": "ben:queue_seconds=0"}
    return Lab(tmp_path, client, api_keys=KEYS, **limits)


def seconds_of(lab: Lab, owner: str) -> float:
    return round(lab.run(enqueueing.entry(lab.store, time.time(), None, owner)).owner_seconds, 6)


def test_fifty_submissions_at_once_are_admitted_up_to_the_quota(lab: Lab) -> None:
    tasks = [make_task(duration=9.0) for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        answers = Counter(enqueued.answer for enqueued in pool.map(lab.enqueue, tasks))
    assert answers == {"queued": 11, "quota": 39}
    assert (seconds_of(lab, "anna"), seconds_of(lab, "ben")) == (99, 0)
    assert lab.enqueue(make_task(duration=1.0)).answer == "queued"
    assert lab.enqueue(make_task(owner="ben", duration=5000.0)).answer == "queued"


def test_a_claimed_or_cancelled_task_frees_its_quota_once(lab: Lab, worker: Worker) -> None:
    first, second, _ = (lab.submit(duration=30.0) for _ in range(3))
    assert lab.enqueue(make_task(duration=20.0)).answer == "quota"
    held = lab.take(worker)
    assert held.task == first
    assert seconds_of(lab, "anna") == 60
    lab.ending.end(first, done(), worker)
    lab.ending.end(first, done(), worker)
    assert seconds_of(lab, "anna") == 60
    lab.control.cancel(second.id)
    lab.control.cancel(second.id)
    lab.control.forget(second.id)
    assert seconds_of(lab, "anna") == 30


def test_tasks_of_a_dead_worker_count_as_waiting_again(lab: Lab, worker: Worker) -> None:
    lab.submit(duration=60.0)
    lab.take(worker)
    lab.submit(duration=60.0)
    lab.let_claims_expire()
    assert lab.recovery.bring_back_dead() == 1
    assert seconds_of(lab, "anna") == 120
    assert lab.enqueue(make_task(duration=1.0)).answer == "quota"
    assert len(lab.drain(worker)) == 2
    assert seconds_of(lab, "anna") == 0
    assert not lab.client.exists("asr:owners")


def test_quotas_are_restored_after_redis_was_emptied(lab: Lab, worker: Worker) -> None:
    lab.recover()
    lab.submit(duration=60.0)
    lab.submit(owner="ben", duration=70.0)
    lab.client.flushall()
    lab.recover()
    assert (seconds_of(lab, "anna"), seconds_of(lab, "ben")) == (60, 70)
    lab.drain(worker)
    assert not lab.client.exists("asr:owners")


def test_a_retry_over_the_quota_leaves_the_task_failed(lab: Lab, worker: Worker) -> None:
    task = lab.submit(duration=40.0)
    lab.take(worker)
    lab.ending.end(task, failed(), worker)
    others = [lab.submit(duration=35.0) for _ in range(2)]
    with pytest.raises(Refusal) as refused:
        lab.control.retry(task.id, 1, limited=True)
    assert refused.value.code == "quota_exceeded"
    assert refused.value.details == {"queued_seconds": 110, "quota_seconds": 100}
    assert (lab.status(task), lab.journal.open_task(task.id)) == ("failed", None)

    lab.control.cancel(others[0].id)
    assert lab.control.retry(task.id, 1, limited=True)[1].answer == "queued"
    assert seconds_of(lab, "anna") == 75


def test_a_retry_over_the_limit_is_refused_with_the_reason(lab: Lab, worker: Worker, tmp_path: Path) -> None:
    task = lab.submit(duration=40.0)
    lab.take(worker)
    lab.ending.end(task, failed(), worker)
    stricter = Lab(tmp_path, lab.client, max_queue_seconds_per_key=30)
    with pytest.raises(Refusal) as refused:
        stricter.control.retry(task.id, 1, limited=True)
    assert (refused.value.code, lab.status(task)) == ("too_long", "failed")
    assert stricter.control.retry(task.id, 1)[1].answer == "queued"


def test_ten_concurrent_retries_of_a_task_are_one(lab: Lab, worker: Worker) -> None:
    task = lab.submit(duration=40.0)
    lab.take(worker)
    lab.ending.end(task, failed(), worker)

    def retry(_: int) -> str:
        try:
            return lab.control.retry(task.id, 1, limited=True)[1].answer
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(10) as pool:
        answers = Counter(pool.map(retry, range(10)))
    assert answers == {"queued": 1, "not_failed": 9}
    assert seconds_of(lab, "anna") == 40
    assert [task.run for task in lab.drain(worker)] == [2]


def test_tasks_of_an_earlier_version_count_for_no_owner(lab: Lab, worker: Worker) -> None:
    task = lab.submit(duration=40.0)
    lab.client.hset("asr:waiting", task.id, '{"lane":"asr-queue","seconds":40,"mark":40}')
    lab.client.delete("asr:owners")
    lab.take(worker)
    assert seconds_of(lab, "anna") == 0


def check_entry(lab: Lab, owner: str = "anna") -> EntryCheck:
    return lab.run(enqueueing.entry(lab.store, time.time(), None, owner))


def test_a_burst_of_one_minute_is_allowed_and_then_an_even_rate(tmp_path: Path, client: redis.Redis) -> None:
    limits = "anna:per_minute=30,ben:per_minute=0"
    lab = Lab(tmp_path, client, api_keys=KEYS, key_limits=limits)
    began = time.time()
    with ThreadPoolExecutor(50) as pool:
        doors = list(pool.map(lambda _: check_entry(lab), range(50)))
    let_in = [entry for entry in doors if not entry.early_seconds]
    become_due = (time.time() - began) / 2
    assert 30 <= len(let_in) <= 30 + become_due + 1
    assert sorted(entry.number for entry in let_in) == list(range(1, len(let_in) + 1))
    assert all(0 < entry.early_seconds <= 2 for entry in doors if entry not in let_in)
    assert not any(check_entry(lab, "ben").early_seconds for _ in range(50))
    assert 0 < client.ttl("voxq:rate:anna") <= 61

    wait = check_entry(lab).early_seconds
    time.sleep(wait + 0.01)
    assert check_entry(lab).early_seconds == 0


def test_a_clock_that_was_put_back_blocks_no_client(tmp_path: Path, client: redis.Redis) -> None:
    lab = Lab(tmp_path, client, rate_limit_per_minute=60)
    client.set("voxq:rate:anna", time.time() + 3600)
    assert 0 < check_entry(lab).early_seconds <= 1
