"""Enqueueing: once, at the right place, up to the limit."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from task_lab import Lab, done, make_task

from voxq.core.task import day_of
from voxq.queue import claiming, documents, enqueueing
from voxq.queue.claiming import Worker
from voxq.queue.idempotency import idempotency_of


def keys(client: redis.Redis) -> set[str]:
    return set(client.keys("*"))


def test_a_task_is_enqueued_once(lab: Lab) -> None:
    task = lab.submit()
    before = keys(lab.client)
    again = lab.enqueue(task)
    assert (again.answer, again.place) == ("known", lab.run(enqueueing.view(lab.store, task.id)).place)
    assert keys(lab.client) == before
    assert lab.queued_seconds() == 10


def test_a_waiting_task_has_a_position_and_one_in_progress_has_none(lab: Lab, worker: Worker) -> None:
    lab.submit()
    task = lab.submit()
    assert lab.enqueue(task).place == lab.run(enqueueing.view(lab.store, task.id)).place
    lab.take(worker)
    lab.take(worker)
    assert lab.enqueue(task).place is None


def test_fifty_clients_with_the_same_key_get_the_same_task(lab: Lab) -> None:
    key = idempotency_of("anna", "k")
    tasks = [make_task(idempotency=key) for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lab.enqueue, tasks))
    [winner] = [task for task, answer in zip(tasks, answers, strict=True) if answer.answer == "queued"]
    assert {answer.same_id for answer in answers if answer.answer == "same"} == {winner.id}
    assert lab.client.llen("rq:queue:asr-queue") == 1
    assert lab.run(enqueueing.entry(lab.store, time.time(), key, "anna")).known_id == winner.id


def test_the_same_key_of_two_owners_is_two_tasks(lab: Lab) -> None:
    assert idempotency_of("anna", "k") != idempotency_of("bob", "k")
    assert idempotency_of("anna\nx", "k") != idempotency_of("anna", "x\nk")


def test_numbers_of_a_day_go_up(lab: Lab) -> None:
    now = time.time()
    assert [lab.run(enqueueing.entry(lab.store, now, None, "anna")).number for _ in range(3)] == [1, 2, 3]
    assert lab.run(enqueueing.entry(lab.store, now + 86400, None, "anna")).number == 1
    assert 0 < lab.client.ttl(f"asr:day:{day_of(now)}") <= 172800


def test_a_refused_task_leaves_nothing(tmp_path: Path, client: redis.Redis) -> None:
    lab = Lab(tmp_path, client, max_queue_seconds=5)
    lab.submit()
    before = keys(client)
    assert lab.enqueue(make_task(idempotency="f" * 64)).answer == "full"
    assert keys(client) == before


@pytest.mark.parametrize("text", ["", "grüß 街 😀", '"\\\n\x00\x7f', "[]", "x" * 100_000])
def test_any_text_passes_through_redis_unchanged(lab: Lab, worker: Worker, text: str) -> None:
    task = lab.submit(owner=text[:50])
    held = lab.take(worker)
    document = documents.processing(task, progress=50, text=text, started_at=time.time())
    assert lab.run(claiming.report(lab.store, worker, task, document))
    assert lab.run(enqueueing.view(lab.store, task.id)).document == document
    lab.run(claiming.release(lab.store, worker, [held.task]))
    queued = lab.run(enqueueing.view(lab.store, task.id)).document
    assert queued == documents.queued(task)
    lab.take(worker)
    lab.ending.end(task, done(text), worker)
    ended = lab.run(enqueueing.view(lab.store, task.id)).document
    assert ended is not None
    assert ended["text"] == text
    assert json.loads(lab.history()[0])["text"] == text
