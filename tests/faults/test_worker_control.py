"""Cancellation, and the effects of RQ's own commands and views on a worker."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from rq import Queue, Worker
from rq.command import send_kill_horse_command, send_shutdown_command, send_stop_job_command
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.suspension import resume, suspend
from worker_lab import MEETING, NOTE, WorkerLab, recording_of, wait_for

from voxq.core.task import Priority, Status


@pytest.fixture
def rq(redis_url: str) -> redis.Redis:
    """Make a connection of the kind that RQ needs."""
    return redis.Redis.from_url(redis_url)


def rq_info(lab: WorkerLab) -> str:
    command = [Path(sys.executable).with_name("rq"), "info", "--raw", "-u", str(lab.settings.redis_url)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


def test_rq_sees_every_task_in_work(make_lab, rq: redis.Redis) -> None:
    lab: WorkerLab = make_lab(max_inflight=3)
    worker = lab.worker()
    (idle,) = Worker.all(rq)
    assert idle.get_state() == "idle"
    priorities = (Priority.NORMAL, Priority.NORMAL, Priority.HIGH)  # one of three slots is for the high lane
    tasks = [lab.submit(NOTE, "gated", priority=priority) for priority in priorities]
    for task in tasks:
        lab.wait_for_status(task, "processing")
    (busy,) = Worker.all(rq)
    assert busy.get_state() == "busy"
    assert busy.get_current_job_id() in [task.id for task in tasks]
    registries = [
        StartedJobRegistry(queue=Queue(name, connection=rq, serializer=JSONSerializer))
        for name in lab.settings.queues
    ]
    started = [job_id for registry in registries for job_id in registry.get_job_ids()]
    assert sorted(started) == sorted(task.id for task in tasks)
    for task in tasks:
        job = Job.fetch(task.id, connection=rq, serializer=JSONSerializer)
        assert job.get_status() == "started"
        assert job.worker_name == busy.name
        assert len(job.get_executions()) == 1
    lines = rq_info(lab).splitlines()
    assert any(line.startswith("queue asr-queue 0") for line in lines)
    assert any(busy.name in line and "busy" in line for line in lines)

    lab.open_gate()
    lab.wait_for_ends(tasks)
    wait_for(lambda: Worker.all(rq)[0].get_state() == "idle", "an idle worker")
    assert all(registry.get_job_ids() == [] for registry in registries)
    assert Worker.all(rq)[0].successful_job_count == 3
    assert all(Job.fetch(t.id, connection=rq, serializer=JSONSerializer).is_finished for t in tasks)
    worker.stop()
    assert Worker.all(rq) == []
    lab.assert_ended_once(tasks)


def test_a_waiting_task_can_be_cancelled(make_lab) -> None:
    lab: WorkerLab = make_lab()
    lab.worker()
    first = lab.submit(NOTE, "gated")
    wait_for(lab.calls, "the first task in the engine")
    second = lab.submit()
    assert lab.parts.control("asr", lab.client).cancel(second.id)
    lab.open_gate()
    outcomes = lab.wait_for_ends([first, second])
    assert [o.status for o in outcomes] == [Status.DONE, Status.CANCELLED]
    assert len(lab.calls()) == 1
    lab.assert_ended_once([first, second])


def test_a_task_cancelled_in_the_engine_stops_after_the_current_batch(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    task = lab.submit(MEETING, "gated-after-1", batch_size=5)
    wait_for(lambda: len(lab.calls()) == 2, "the second chunk")
    assert lab.parts.control("asr", lab.client).cancel(task.id)
    note = lab.submit()
    worker.wait_for_log("status=dropped")
    lab.open_gate()
    lab.wait_for_ends([note])
    of_the_note = [words == () for call in lab.calls() for _, words in call]
    given = [False] * 2, [False] * 3  # the next chunk may have been in the pipe already
    assert of_the_note in [[*before, True] for before in given], "two chunks and the note"
    lab.assert_ended_once([task, note])


def test_a_task_can_be_cancelled_while_it_is_decoded(make_lab, tmp_path: Path) -> None:
    lab: WorkerLab = make_lab(max_inflight=2)
    worker = lab.worker()
    task = lab.submit(recording_of(tmp_path / "long.wav", *["zh_meeting"] * 20), "gated")
    wait_for(lab.calls, "the first chunk")
    assert lab.parts.control("asr", lab.client).cancel(task.id)
    worker.wait_for_log("status=dropped")
    lab.open_gate()
    wait_for(lambda: not list(lab.parts.work.names()), "the end of its files")
    calls = len(lab.calls())
    lab.wait_for_ends([note := lab.submit()])
    assert len(lab.calls()) == calls + 1
    lab.assert_ended_once([task, note])


def test_stopping_a_job_through_rq_cancels_its_task(make_lab, rq: redis.Redis) -> None:
    lab: WorkerLab = make_lab()
    lab.worker()
    task = lab.submit(MEETING, "gated", batch_size=5)
    wait_for(lab.calls, "the first chunk")
    send_stop_job_command(rq, task.id, serializer=JSONSerializer)
    (outcome,) = lab.wait_for_ends([task])
    assert outcome.status is Status.CANCELLED
    lab.assert_ended_once([task])


def test_killing_the_model_process_through_rq_is_blamed_on_no_task(make_lab, rq: redis.Redis) -> None:
    lab: WorkerLab = make_lab(
        max_attempts=1, asr_models="b=counting_engine:KIND:noop", preload_models="noop,b"
    )
    worker = lab.worker()
    task = lab.submit(NOTE, "fault-hang", "only-once")
    wait_for(lab.calls, "the chunk in the engine")
    links = {link.pid for link in worker.helpers("model process")}
    assert len(links) == 2
    send_kill_horse_command(rq, Worker.all(rq)[0].name)
    (outcome,) = lab.wait_for_ends([task])
    assert (outcome.status, outcome.attempts, outcome.incidents) == (Status.DONE, 1, ())
    new = wait_for(
        lambda: len(now := worker.helpers("model process")) == 2 and now, "a new one for each model"
    )
    assert not links & {link.pid for link in new}


def test_a_shutdown_through_rq_requeues_the_tasks(make_lab, rq: redis.Redis) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    task = lab.submit(MEETING, "gated", batch_size=5)
    wait_for(lab.calls, "the first chunk")
    send_shutdown_command(rq, Worker.all(rq)[0].name)
    wait_for(lambda: lab.facts(1).get("state") == "stopping", "it to stop")
    lab.open_gate()
    assert worker.wait() == 0
    assert lab.document(task)["status"] == "queued"


def test_a_suspended_worker_claims_no_tasks(make_lab, rq: redis.Redis) -> None:
    lab: WorkerLab = make_lab()
    lab.worker()
    wait_for(lambda: lab.client.hlen("asr:rooms") == 1, "its room to be told")
    suspend(rq)
    wait_for(lambda: lab.client.hlen("asr:rooms") == 0, "it to take on nothing more")
    task = lab.submit()
    time.sleep(1.5)
    assert lab.document(task)["status"] == "queued"
    resume(rq)
    lab.wait_for_ends([task])


def test_several_workers_share_the_lanes(make_lab) -> None:
    lab: WorkerLab = make_lab(max_inflight=3)
    workers = [lab.worker(number, ready=False) for number in (1, 2)]
    for worker in workers:
        worker.wait_for_log("status=ready", 60)
    tasks = [lab.submit(NOTE, "gated", "a" if n % 2 else "b") for n in range(16)]
    wait_for(lambda: len(set(lab.callers())) == 2, "a call of each")
    lab.open_gate()
    outcomes = lab.wait_for_ends(tasks)
    assert [(o.status, o.attempts) for o in outcomes] == [(Status.DONE, 1)] * len(tasks)
    assert {o.worker_id for o in outcomes} == {1, 2}
    lab.assert_ended_once(tasks)


def test_garbage_on_the_command_channel_is_harmless(make_lab, rq: redis.Redis) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    channel = f"rq:pubsub:{Worker.all(rq)[0].name}"
    commands = ('{"command": 7}', '{"command": "stop-job"}', '{"command": "stop-job", "job_id": []}')
    for message in ("", "[]", "7", "{", *commands, b"\xff\xfe"):
        assert rq.publish(channel, message) == 1
    wait_for(lambda: rq.publish(channel, "listening?"), "somebody who listens again")
    lab.wait_for_ends([lab.submit()])
    assert worker.is_alive()
