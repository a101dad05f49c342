"""A Redis that is restored from an old snapshot, as happens without an append-only file after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from task_lab import Lab, cancelled, done, failed, make_task
from valkey_lab import RedisServer

from voxq.queue.claiming import Worker


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "server", appendonly="no")
    yield server
    server.close()


@pytest.fixture
def lab(tmp_path: Path, server: RedisServer) -> Iterator[Lab]:
    with server.client() as client:
        lab = Lab(tmp_path / "storage", client)
        lab.recover()
        yield lab


def come_back_as_saved(server: RedisServer) -> None:
    server.kill()
    server.restart()


def test_tasks_that_ended_after_the_snapshot_are_shown_and_not_repeated(
    lab: Lab, server: RedisServer, worker: Worker
) -> None:
    earlier, waiting, held, withdrawn, again = (lab.submit() for _ in range(5))
    lab.ending.end(earlier, done(), worker)
    lab.ending.end(again, failed(), worker)
    holds = lab.register(worker, held)
    lab.client.save()

    later = [lab.submit(idempotency=str(number) * 64) for number in range(3)]
    open_later = lab.submit()
    retried, _ = lab.control.retry(again.id, 1)
    lab.ending.end(waiting, done(), worker)
    lab.ending.end(held, failed(), worker)
    lab.ending.end(withdrawn, cancelled())
    lab.ending.end(retried, done("at last"), worker)
    for task in later:
        lab.ending.end(task, done(), worker)
    history, lines = lab.history(), lab.log_lines()
    assert holds

    come_back_as_saved(server)
    lab.let_claims_expire()
    lab.recover()
    assert lab.drain(worker) == [open_later]
    shown = {task.id: lab.status(task) for task in [earlier, waiting, held, withdrawn, again, *later]}
    assert list(shown.values()) == ["done", "done", "failed", "cancelled", "done", *["done"] * 3]
    assert lab.history()[1:] == history
    assert lab.log_lines()[:-1] == lines
    assert lab.enqueue(make_task(idempotency="1" * 64)).same_id == later[1].id
    assert lab.client.hget("asr:audio", later[0].short_id) == later[0].file
    assert not lab.recovery.rebuild(patience=0), "once is enough"


def test_a_worker_that_claims_before_the_janitor_repeats_nothing(
    lab: Lab, server: RedisServer, worker: Worker
) -> None:
    task = lab.submit()
    lab.client.save()
    lab.ending.end(task, done(), worker)
    lines = lab.log_lines()
    come_back_as_saved(server)
    assert lab.status(task) == "queued"
    assert lab.drain(worker) == []
    assert lab.status(task) == "done"
    assert lab.log_lines() == lines
    assert len(lab.history()) == 1


def test_an_outdated_history_is_restored_from_the_log(
    tmp_path: Path, server: RedisServer, worker: Worker
) -> None:
    with server.client() as client:
        lab = Lab(tmp_path / "short", client, max_history_records=3)
        lab.recover()
        for _ in range(4):
            lab.ending.end(lab.submit(), done(), worker)
        client.save()
        for _ in range(4):
            lab.ending.end(lab.submit(), done(), worker)
        history = lab.history()
        come_back_as_saved(server)
        assert lab.history() != history
        lab.recover()
        assert lab.history() == history


@pytest.mark.parametrize("has_ended", [False, True])
def test_a_task_registered_again_by_its_worker_is_found_by_its_key(
    lab: Lab, server: RedisServer, worker: Worker, has_ended: bool
) -> None:
    lab.client.save()
    key = "e" * 64
    task = lab.submit(idempotency=key)
    assert lab.register(worker, task)
    come_back_as_saved(server)
    if has_ended:
        lab.ending.end(task, done(), worker)
    else:
        assert lab.register(worker, task)
    lab.recover()
    assert lab.enqueue(make_task(idempotency=key)).same_id == task.id
    assert lab.client.hget("asr:audio", task.short_id) == task.file
