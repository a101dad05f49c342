"""Idempotency-Keys after Redis has lost everything: the same request finds its task, and none is
withdrawn."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from task_lab import Lab, done, failed, make_task
from valkey_lab import PATIENCE

from voxq.kinds.speech import SpeechOptions
from voxq.queue import connect
from voxq.queue.claiming import Worker
from voxq.queue.enqueueing import EntryCheck
from voxq.queue.idempotency import idempotency_of
from voxq.tasks.intake import TextIntake

KEY = idempotency_of("anna", "k")


@pytest.fixture
def lab(tmp_path: Path, client) -> Lab:
    return Lab(tmp_path / "storage", client)


def entry_check_of(lab: Lab, redis_url: str, kind: str = "tts") -> EntryCheck:
    """Return the result of the entry check for a repeated request."""

    async def check_entry() -> EntryCheck:
        client = connect.asynchronous(redis_url, seconds=PATIENCE)
        store = lab.parts.stores[kind]
        intake = TextIntake(store, lab.journal, lab.blobs, client, long_seconds=60)
        entry = await intake.check_entry("anna", "k")
        await client.aclose()
        return entry

    return asyncio.run(check_entry())


@pytest.mark.parametrize("state", ["open", "done", "retried"])
def test_an_idempotency_key_survives_the_loss_of_redis(
    lab: Lab, worker: Worker, redis_url: str, state: str
) -> None:
    lab.recover()
    task = lab.submit(idempotency=KEY, accepted_at=time.time() - 60)
    if state == "done":
        lab.ending.end(task, done(), worker)
    elif state == "retried":
        lab.ending.end(task, failed(), worker)
        lab.control.retry(task.id, 1)
        lab.drain(worker)
    lab.client.flushall()
    assert entry_check_of(lab, redis_url, "asr").known_id == task.id, "at once, out of the journal"
    lab.recover()
    assert lab.client.get(f"asr:idempotency:{KEY}") == task.id
    assert 0 < lab.client.ttl(f"asr:idempotency:{KEY}") <= 86400
    assert entry_check_of(lab, redis_url, "asr").known_id == task.id
    assert entry_check_of(lab, redis_url, "tts").known_id is None


def test_two_tasks_accepted_with_one_key_both_stay(lab: Lab, worker: Worker) -> None:
    """The second request was admitted while Redis lost its data; the first client still waits for its
    task."""
    lab.recover()
    first = lab.submit(idempotency=KEY)
    lab.client.flushall()
    second = lab.submit(idempotency=KEY)
    lab.recover()
    assert sorted(task.id for task in lab.drain(worker)) == sorted([first.id, second.id])
    lab.recover()
    assert lab.journal.open_ids() == []
    assert lab.client.get(f"asr:idempotency:{KEY}") == second.id


def test_a_task_that_redis_knows_is_not_withdrawn_for_its_key(lab: Lab, worker: Worker) -> None:
    """A key that has expired may belong to another task by now."""
    lab.recover()
    task = lab.submit(idempotency=KEY)
    other = make_task(idempotency=KEY, kind="asr")
    lab.client.set(f"asr:idempotency:{KEY}", other.id)
    lab.client.delete("rq:queue:asr-queue")
    assert lab.recovery.complete() == 1
    assert lab.drain(worker) == [task]


def test_texts_have_keys_of_their_own(lab: Lab, redis_url: str) -> None:
    task = make_task(kind="tts", text="Guten Tag", idempotency=KEY, options=SpeechOptions("teller"))
    lab.journal.accept(task)
    assert entry_check_of(lab, redis_url).known_id is None, "its intake may still take it back"
    lab.journal.accept(task.evolve(accepted_at=task.accepted_at - 60))
    assert entry_check_of(lab, redis_url).known_id == task.id
    assert entry_check_of(lab, redis_url, "asr").known_id is None
