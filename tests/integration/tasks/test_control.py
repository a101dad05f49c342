from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from task_lab import Lab, done, failed, make_task

from voxq.core.refusal import NotFound, Refusal
from voxq.core.task import Task
from voxq.queue import enqueueing
from voxq.queue.claiming import Worker
from voxq.storage.blobs.files import FileBlobs
from voxq.storage.history_log import HistoryLog
from voxq.storage.journal.files import FileJournal


class Crash(Exception):
    """Simulated death of the process at this point."""


def crash(*_: object, **__: object) -> None:
    raise Crash


# -- cancel -------------------------------------------------------------------------------------------------


def test_a_queued_task_is_withdrawn(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    assert lab.control.cancel(task.id)
    assert not lab.control.cancel(task.id)
    assert lab.status(task) == "cancelled"
    assert lab.claim(worker) == []
    assert lab.history() == []
    assert json.loads(lab.log_lines()[0])["status"] == "cancelled"


def test_a_result_after_a_cancel_is_dropped(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    held = lab.take(worker)
    assert lab.control.cancel(task.id)
    assert lab.beat(worker, [held]).lost == (task.id,)
    assert not lab.ending.end(task, done("too late"), worker)
    assert lab.status(task) == "cancelled"
    assert b"too late" not in b"".join(lab.log_lines())
    assert len(lab.log_lines()) == 1


def test_a_finished_task_cannot_be_cancelled(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.take(worker)
    assert lab.ending.end(task, done(), worker)
    assert not lab.control.cancel(task.id)
    assert lab.status(task) == "done"


def test_a_finish_before_the_cancel_is_published_wins(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.take(worker)
    assert lab.ending.decide(task, done())
    assert not lab.control.cancel(task.id)
    assert lab.status(task) == "done"
    lab.ending.publish(task, worker)
    assert len(lab.log_lines()) == len(lab.history()) == 1


@pytest.mark.parametrize("attempt", range(10))
def test_cancel_and_finish_at_once_have_one_winner(lab: Lab, worker: Worker, attempt: int) -> None:
    task = lab.submit()
    lab.take(worker)
    line = threading.Barrier(2)
    won = {}

    def race(name: str, end: Callable[[], bool]) -> None:
        line.wait(60)
        won[name] = end()

    racers = [
        threading.Thread(target=race, args=("cancelled", lambda: lab.control.cancel(task.id))),
        threading.Thread(target=race, args=("done", lambda: lab.ending.end(task, done(), worker))),
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    [winner] = [name for name, has_won in won.items() if has_won]
    assert lab.status(task) == winner
    assert len(lab.log_lines()) == 1
    assert lab.journal.open_ids() == []


def test_an_unknown_task_cannot_be_cancelled(lab: Lab) -> None:
    assert not lab.control.cancel(make_task().id)


def test_a_cancel_that_did_not_reach_redis_is_completed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.recover()
    task = lab.submit()
    with monkeypatch.context() as patch:
        patch.setattr(lab.client, "pipeline", _refuse)
        with pytest.raises(RedisConnectionError):
            lab.control.cancel(task.id)
    assert lab.status(task) == "queued"
    assert lab.recovery.complete() == 1
    assert lab.status(task) == "cancelled"
    assert len(lab.log_lines()) == 1


def _refuse(**_: object) -> None:
    raise RedisConnectionError("gone")


# -- retry --------------------------------------------------------------------------------------------------


def test_a_failed_task_can_be_retried(lab: Lab, worker: Worker) -> None:
    task = lab.submit(idempotency="f" * 64)
    lab.ending.end(task, failed(), worker)
    again, enqueued = lab.control.retry(task.id, 1)
    assert (again.id, again.run, enqueued.answer) == (task.id, 2, "queued")
    assert again.created_at == task.created_at
    assert again.accepted_at >= task.accepted_at
    assert lab.status(task) == "queued"
    assert lab.drain(worker) == [again]
    assert lab.status(task) == "done"
    assert [json.loads(line)["run"] for line in lab.log_lines()] == [1, 2]
    lab.recover()
    assert lab.journal.runs_of(task.id) == [2]


def refusal(lab: Lab, task: Task, run: int = 1) -> str:
    with pytest.raises(Refusal) as refused:
        lab.control.retry(task.id, run)
    return refused.value.code


def test_only_a_failed_task_can_be_retried(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    assert refusal(lab, task) == "not_failed"
    lab.take(worker)
    assert refusal(lab, task) == "not_failed"
    lab.ending.end(task, done(), worker)
    assert refusal(lab, task) == "not_failed"
    assert lab.control.cancel(other := lab.submit().id)
    assert refusal(lab, make_task(id=other)) == "not_failed"
    with pytest.raises(NotFound):
        lab.control.retry(make_task().id, 1)


def test_a_task_without_its_recording_cannot_be_retried(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.ending.end(task, failed(), worker)
    lab.parts.blobs.remove(task.file)
    assert refusal(lab, task) == "recording_gone"


def test_two_retries_start_one_run(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.ending.end(task, failed(), worker)
    lab.control.retry(task.id, 1)
    assert refusal(lab, task) == "not_failed"
    lab.drain(worker)
    assert refusal(lab, task) == "not_failed"
    assert lab.journal.open_ids() == []
    assert len(lab.log_lines()) == 2


def test_a_retry_first_completes_the_end_of_the_run_before(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.ending.decide(task, failed())
    lab.control.retry(task.id, 1)
    lab.drain(worker)
    assert [(json.loads(line)["run"], json.loads(line)["status"]) for line in lab.log_lines()] == [
        (1, "failed"),
        (2, "success"),
    ]
    assert len(lab.history()) == 2


# -- forget -------------------------------------------------------------------------------------------------


def traces(lab: Lab, task: Task) -> list[str]:
    """Return all places that still mention the task, except for the log's blanked line."""
    found = [str(path) for path in lab.root.rglob("*") if task.id in path.name]
    found += [key for key in lab.client.keys("*") if task.id in key]
    found += [item for item in lab.history() if task.id in item]
    return found + [key for key in lab.client.hkeys("asr:audio") if key == task.short_id]


def test_a_forgotten_task_leaves_no_text_and_no_sound(lab: Lab, worker: Worker) -> None:
    other = lab.submit()
    lab.ending.end(other, done("theirs"), worker)
    task = lab.submit()
    lab.ending.end(task, failed(error="a secret"), worker)
    lab.control.retry(task.id, 1)
    lab.drain(worker)
    assert lab.control.forget(task.id)
    assert lab.control.forget(task.id)
    assert traces(lab, task) == []
    assert b"secret" not in b"".join(lab.log_lines())
    assert [record["text"] for record in lab.log.records()] == ["theirs"]
    lab.client.flushall()
    lab.recover()
    assert traces(lab, task) == []
    assert len(lab.history()) == 1


def test_a_worker_that_missed_a_delete_cannot_restore_the_task(lab: Lab, worker: Worker) -> None:
    """The task was cancelled and forgotten while a batch was in progress."""
    task = lab.submit()
    lab.take(worker)
    lab.control.cancel(task.id)
    lab.control.forget(task.id)
    assert not lab.journal.is_open(task)
    assert not lab.ending.end(task, done("a secret"), worker)
    assert traces(lab, task) == []


def test_an_open_task_is_not_forgotten(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    assert not lab.control.forget(task.id)
    lab.take(worker)
    assert not lab.control.forget(task.id)
    assert lab.parts.blobs.exists(task.file)
    assert lab.ending.end(task, done(), worker)


def test_an_old_task_is_forgotten_after_its_result(lab: Lab, worker: Worker) -> None:
    """The record is gone, but the recording and the entries in history and log still exist."""
    task = lab.submit()
    lab.ending.end(task, done("a secret"), worker)
    lab.journal.forget(task.id, 1)
    lab.client.delete(lab.store.task_key(task.id))
    assert lab.control.forget(task.id)
    assert traces(lab, task) == []
    assert b"secret" not in b"".join(lab.log_lines())


def test_a_task_whose_end_is_not_published_can_be_forgotten(lab: Lab) -> None:
    task = lab.submit()
    lab.ending.decide(task, done("a secret"))
    assert lab.control.forget(task.id)
    assert traces(lab, task) == []
    assert len(lab.log_lines()) == 1
    assert b"secret" not in lab.log_lines()[0]


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        (HistoryLog, "blank"),
        (FileBlobs, "remove_of"),
        (enqueueing, "forget"),
        (FileJournal, "runs_of"),
        (FileJournal, "forget"),
    ],
)
def test_forgetting_again_finishes_what_was_interrupted(
    lab: Lab, worker: Worker, monkeypatch: pytest.MonkeyPatch, owner: object, step: str
) -> None:
    task = lab.submit()
    lab.ending.end(task, done("a secret"), worker)
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, crash)
        with pytest.raises(Crash):
            lab.control.forget(task.id)
    lab.recover()
    assert lab.control.forget(task.id)
    assert traces(lab, task) == []
    assert b"secret" not in b"".join(lab.log_lines())
