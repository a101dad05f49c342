"""Repairs by the janitor after Redis, a worker or a disk has lost data."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import redis
from rq import Queue
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from task_lab import Lab, cancelled, done, failed, make_task, make_worker

from voxq.core.task import day_of
from voxq.queue import enqueueing
from voxq.queue.claiming import Worker
from voxq.queue.keys import EPOCH_KEY


def test_an_empty_redis_is_restored_from_the_disk(lab: Lab, worker: Worker) -> None:
    lab.recover()
    succeeded, broken, withdrawn, waiting = (lab.submit() for _ in range(4))
    lab.ending.end(succeeded, done(), worker)
    lab.ending.end(broken, failed(), worker)
    lab.ending.end(withdrawn, cancelled())
    views = {
        task.id: lab.run(enqueueing.view(lab.store, task.id))
        for task in (succeeded, broken, withdrawn, waiting)
    }
    history = lab.history()
    index = lab.client.hgetall("asr:audio")
    lab.client.flushall()
    assert lab.recovery.rebuild(patience=0)
    for task_id, view in views.items():
        assert lab.run(enqueueing.view(lab.store, task_id)).document == view.document
        assert lab.run(enqueueing.view(lab.store, task_id)).place == view.place
    assert lab.history() == history
    assert lab.client.hgetall("asr:audio") == index
    assert (
        0
        < lab.client.ttl(lab.store.task_key(succeeded.id))
        <= 3600
        < lab.client.ttl(lab.store.task_key(broken.id))
    )
    assert not lab.recovery.rebuild(patience=0)
    assert lab.recovery.complete() == 0
    assert len(lab.log_lines()) == 3


def test_a_failed_task_is_on_rqs_list_again_and_can_be_retried(lab: Lab, worker: Worker) -> None:
    lab.recover()
    task = lab.submit()
    lab.ending.end(task, failed(), worker)
    lab.client.flushall()
    lab.recover()
    queue = Queue("asr-queue", connection=lab.rq, serializer=JSONSerializer)
    assert queue.failed_job_registry.get_job_ids() == [task.id]
    job = Job.fetch(task.id, connection=lab.rq, serializer=JSONSerializer)
    assert job.get_status() == JobStatus.FAILED
    assert job.args == [task.id]
    retried, enqueued = lab.control.retry(task.id, 1)
    assert enqueued.answer == "queued"
    assert lab.status(retried) == "queued"
    assert queue.failed_job_registry.get_job_ids() == []


def test_a_short_id_finds_its_task_while_anything_of_it_exists(
    tmp_path: Path, client: redis.Redis, worker: Worker
) -> None:
    lab = Lab(tmp_path, client, max_recordings=0)
    lab.recover()
    task = lab.submit()
    lab.ending.end(task, done(ended_at=time.time() - 10), worker)
    lab.cleanup.run()
    assert not lab.parts.blobs.exists(task.file)
    assert lab.client.hget(lab.store.audio_key, task.short_id) == task.file
    Lab(tmp_path, client, max_recordings=0, result_ttl=1).cleanup.run()
    assert not lab.client.hexists(lab.store.audio_key, task.short_id)


def test_recovery_waits_for_workers_to_register_again(lab: Lab, worker: Worker) -> None:
    lab.recover()
    task = lab.submit()
    held = lab.take(worker)
    lab.client.flushall()
    assert not lab.recovery.rebuild(patience=0.3)
    assert lab.recovery.complete() == 0
    assert lab.beat(worker, [held]).epoch == ""
    assert lab.register(worker, task)
    time.sleep(0.3)
    assert lab.recovery.rebuild(patience=0.3)
    assert lab.claim(make_worker()) == []
    assert lab.status(task) == "processing"
    assert lab.beat(worker).epoch


def test_an_interrupted_rebuild_is_done_again(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.ending.end(task, done(), worker)
    lab.submit()
    lab.client.flushall()
    for _ in range(3):
        lab.recovery.rebuild(patience=0)
        lab.client.delete(EPOCH_KEY)
    assert len(lab.history()) == 1
    assert lab.client.llen("rq:queue:asr-queue") == 1


def test_the_last_run_is_the_one_that_is_shown(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.ending.end(task, failed(), worker)
    lab.control.retry(task.id, 1)
    lab.drain(worker)
    lab.client.flushall()
    lab.recover()
    assert lab.status(task) == "done"


def test_history_is_restored_completely_even_if_many_were_cancelled(
    tmp_path: Path, client: redis.Redis, worker: Worker
) -> None:
    lab = Lab(tmp_path, client, max_history_records=3)
    tasks = [lab.submit() for _ in range(5)]
    for task in tasks:
        lab.ending.end(task, done(), worker)
    for _ in range(5):
        lab.control.cancel(lab.submit().id)
    client.flushall()
    lab.recover()
    assert [json.loads(item)["task_id"] for item in lab.history()] == [task.id for task in tasks[:1:-1]]


def test_numbering_goes_on_after_redis_was_lost(lab: Lab) -> None:
    now = time.time()
    lab.accept(make_task(id=f"{day_of(now)}_1041_abcdef"))
    lab.accept(make_task(id="2001-01-01_9999_abcdef"))
    lab.recover()
    assert lab.run(enqueueing.entry(lab.store, now, None, "anna")).number == 1042


def test_tasks_come_back_in_the_order_of_their_days(lab: Lab, worker: Worker) -> None:
    tasks = [lab.accept(make_task(id=f"2025-12-01_{n}_abcdef")) for n in (1000, 998, 999)]
    lab.recover()
    assert [task.id for task in lab.claim(worker)] == sorted((task.id for task in tasks), key=len)


def test_a_cancel_is_completed_without_any_worker(lab: Lab) -> None:
    lab.recover()
    task = lab.submit()
    lab.ending.decide(task, cancelled())
    assert lab.recovery.complete() == 1
    assert lab.status(task) == "cancelled"
    assert lab.recovery.complete() == 0


def test_a_task_withdrawn_while_it_is_completed_does_not_come_back(lab: Lab, monkeypatch) -> None:
    """Its intake finds the queue full just after the janitor has read its record."""
    lab.recover()
    task = lab.accept(make_task())
    read = lab.journal.open_task

    def read_then_withdraw(_: object, task_id: str) -> object:
        found = read(task_id)
        lab.journal.withdraw(task_id)
        return found

    monkeypatch.setattr(type(lab.journal), "open_task", read_then_withdraw)
    lab.recovery.complete()
    assert lab.status(task) is None
    assert lab.client.llen("rq:queue:asr-queue") == 0
    assert lab.queued_seconds() == 0


def test_an_unanswered_task_with_a_used_idempotency_key_is_withdrawn(lab: Lab) -> None:
    lab.recover()
    lost = lab.accept(make_task(idempotency="f" * 64))
    answered = lab.submit(idempotency="f" * 64)
    lab.recovery.complete()
    assert lab.journal.open_ids() == [answered.id]
    assert not lab.parts.blobs.exists(lost.file)


def test_two_clients_with_one_lost_key_both_keep_their_tasks(lab: Lab, worker: Worker) -> None:
    """The second task was accepted because Redis had just come back empty; both clients have an id."""
    lab.recover()
    first = lab.submit(idempotency="f" * 64)
    lab.client.flushall()
    second = lab.submit(idempotency="f" * 64)
    lab.recover()
    assert {task.id for task in lab.drain(worker)} == {first.id, second.id}


def test_history_may_be_restored_by_two_processes_at_once(
    lab: Lab, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another janitor, or a worker that ends a task, intervenes between reading the log and writing the
    list."""
    for _ in range(3):
        lab.ending.end(lab.submit(), done(), worker)
    before = lab.history()
    lab.client.flushall()
    records = type(lab.log).records

    def records_while_another_is_quicker(log):
        found = list(records(log))
        with monkeypatch.context() as patch:
            patch.setattr(type(log), "records", records)
            lab.recovery._restoration.history()
        return iter(found)

    with monkeypatch.context() as patch:
        patch.setattr(type(lab.log), "records", records_while_another_is_quicker)
        lab.recover()
    assert lab.history() == before


def test_one_damaged_record_does_not_stop_recovery(lab: Lab, worker: Worker) -> None:
    lab.recover()
    damaged = lab.submit()
    tasks = [lab.accept(make_task()) for _ in range(3)]
    (lab.root / f"journal/open/{damaged.id}.json").write_bytes(b"{")
    lab.client.delete(lab.store.task_key(damaged.id))
    lab.recover()
    assert lab.drain(worker) == tasks
    assert lab.parts.blobs.exists(damaged.file)
    assert lab.queued_seconds() == 0


def test_retention_spares_open_tasks(tmp_path: Path, client: redis.Redis, worker: Worker) -> None:
    lab = Lab(tmp_path, client, max_recordings=2)
    waiting = [lab.submit() for _ in range(10)]
    ended = [lab.submit() for _ in range(5)]
    for task in ended:
        lab.ending.end(task, done(ended_at=time.time()), worker)
    lab.recover()
    kept = {recording.task_id for recording in lab.parts.blobs.all()}
    assert kept == {task.id for task in [*waiting, *ended[-2:]]}
    assert set(client.hkeys("asr:audio")) == {task.short_id for task in [*waiting, *ended]}


def test_records_are_deleted_after_their_time(lab: Lab, worker: Worker) -> None:
    old, young = lab.submit(), lab.submit()
    lab.ending.end(old, done(ended_at=time.time() - 3700), worker)
    lab.ending.end(young, done(), worker)
    lab.recover()
    assert list(lab.journal.ended_runs()) == [(young.id, 1)]


def test_leftovers_of_work_are_deleted(lab: Lab, worker: Worker) -> None:
    ended, waiting = lab.submit(), lab.submit()
    lab.parts.work.open(waiting)
    lab.ending.end(ended, done(), worker)
    lab.parts.work.open(ended)
    part = lab.parts.blobs.part("cut-off")
    part.touch()
    os.utime(part, (1, 1))
    lab.recover()
    assert list(lab.parts.work.names()) == [f"{waiting.id}.1"]
    assert not part.exists()


def test_ended_records_are_read_once(lab: Lab, worker: Worker, monkeypatch) -> None:
    for _ in range(5):
        lab.ending.end(lab.submit(), done(), worker)
    lab.recover()
    monkeypatch.setattr(type(lab.journal), "ended", lambda *_: 1 / 0)
    lab.cleanup.run()


def test_five_thousand_lost_tasks_come_back_in_seconds(lab: Lab) -> None:
    tasks = [make_task() for _ in range(5000)]
    for task in tasks:
        lab.journal.accept(task)
    started = time.process_time()
    lab.recovery.rebuild(patience=0)
    rebuilt = time.process_time()
    assert lab.recovery.complete() == 0
    completed = time.process_time()
    print(f"rebuild {rebuilt - started:.2f} s, a round without work {completed - rebuilt:.3f} s")
    assert lab.client.llen("rq:queue:asr-queue") == 5000
    assert rebuilt - started < 60
    assert completed - rebuilt < 5


def test_enqueueing_is_safe_while_the_janitor_looks(lab: Lab) -> None:
    """The intake between S2 and S3 and the janitor run at the same time: the lane gets one entry."""
    lab.recover()
    task = lab.accept(make_task())
    answers = [
        lab.run(enqueueing.enqueue(lab.store, task)),
        lab.run(enqueueing.enqueue(lab.store, task, limited=False)),
    ]
    assert [answer.answer for answer in answers] == ["queued", "known"]
    assert lab.recovery.complete() == 0
    assert lab.client.llen("rq:queue:asr-queue") == 1
