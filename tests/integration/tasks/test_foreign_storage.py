"""Two storages with one Redis: the second one stays idle, and no tasks are lost."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from task_lab import Lab, done, make_task, make_worker
from valkey_lab import PATIENCE

from voxq.core.refusal import Refusal
from voxq.queue import connect
from voxq.queue.claiming import Worker
from voxq.queue.keys import EPOCH_KEY, JANITOR_KEY
from voxq.recovery.janitor import serves_other
from voxq.storage.storage_id import storage_id
from voxq.tasks.intake import TextIntake


@pytest.fixture
def labs(tmp_path: Path, client: redis.Redis) -> tuple[Lab, Lab]:
    return Lab(tmp_path / "first", client), Lab(tmp_path / "second", client)


def test_a_storage_has_one_id_for_all_processes(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: storage_id(tmp_path), range(50)))
    assert len(names) == 1
    (tmp_path / "id").write_text("")  # as a power cut leaves it
    assert storage_id(tmp_path) not in {"", *names}


def test_an_epoch_of_an_earlier_version_is_accepted(labs: tuple[Lab, Lab], worker: Worker) -> None:
    lab, _ = labs
    lab.client.set(EPOCH_KEY, "0123456789abcdef")
    lab.submit()
    assert lab.recovery.rebuild(patience=0)
    assert lab.client.get(EPOCH_KEY) == lab.journal.storage
    assert len(lab.drain(worker)) == 1


def test_a_storage_that_takes_a_redis_over_fills_it_with_its_own(labs: tuple[Lab, Lab]) -> None:
    """And it hands the Redis back, with the tasks that wait there."""
    first, second = labs
    first.recover()
    waiting, ended = first.submit(), first.submit()
    first.ending.end(ended, done())
    second.accept(make_task())
    assert second.recovery.complete() == 0, "not before it has taken over"
    second.recover()
    assert first.client.get(EPOCH_KEY) == second.journal.storage
    assert len(second.drain(make_worker())) == 1  # tasks that the journal there does not know are dropped
    first.recover()
    first.recover()
    assert first.drain(make_worker()) == [waiting]
    assert first.status(ended) == "done"


def test_a_janitor_of_another_storage_is_detected_by_its_lock(labs: tuple[Lab, Lab]) -> None:
    first, second = labs
    first.client.set(JANITOR_KEY, f"{first.journal.storage}:1234")
    assert not serves_other(first.client, first.journal.storage)
    assert serves_other(first.client, second.journal.storage)
    first.client.pexpire(JANITOR_KEY, 700)
    assert not serves_other(first.client, second.journal.storage, patience=60), "its lock fades"
    first.client.set(JANITOR_KEY, "0123456789abcdef")
    assert not serves_other(first.client, second.journal.storage), "an earlier version's"


def test_submissions_to_a_redis_of_another_storage_are_refused(labs: tuple[Lab, Lab], redis_url: str) -> None:
    first, second = labs
    first.recover()

    async def check_entry(lab: Lab) -> None:
        client = connect.asynchronous(redis_url, seconds=PATIENCE)
        store = lab.parts.stores["tts"]
        await TextIntake(store, lab.journal, lab.blobs, client, long_seconds=60).check_entry("anna", None)
        await client.aclose()

    asyncio.run(check_entry(first))
    with pytest.raises(Refusal, match="another STORAGE_PATH"):
        asyncio.run(check_entry(second))
