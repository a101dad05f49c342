"""Several workers on one Redis, several tasks per worker: their distribution, and the effects of RQ on
them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import redis
from rq import Queue, Worker
from rq.command import send_stop_job_command
from rq.executions import Execution
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from worker_lab import NOTE, WorkerLab, wait_for

from voxq.core.task import Priority, Status, Task
from voxq.queue.claiming import CLAIM_TTL

PATIENT = 3000
"""Milliseconds of a batch; a call that is held back may take thirty times as long."""


def _rq_info(lab: WorkerLab) -> str:
    command = [Path(sys.executable).with_name("rq"), "info", "--raw", "-u", str(lab.settings.redis_url)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def _holders(lab: WorkerLab, tasks: list[Task]) -> list[str]:
    """Return the worker that has claimed each of the tasks; empty while it waits."""
    return [str(lab.client.get(f"asr:claim:{task.id}") or "") for task in tasks]


def test_tasks_are_shared_evenly_also_with_a_worker_that_joins_later(make_lab) -> None:
    lab: WorkerLab = make_lab(max_inflight=16, max_batch_ms=PATIENT)
    started = [lab.worker(number, ready=False) for number in (1, 2, 3)]
    for worker in started:
        worker.wait_for_log("status=ready", 60)
    wait_for(lambda: lab.client.hlen("asr:rooms") == 3, "all workers to tell of their room")
    started[2].send(signal.SIGSTOP)
    time.sleep(4)  # its last report is now too old
    tasks = [lab.submit(NOTE, "gated") for _ in range(20)]
    wait_for(lambda: all(_holders(lab, tasks)), "all tasks to be held")
    first = _holders(lab, tasks)
    assert len(set(first)) == 2
    assert max(map(first.count, first)) <= 11

    more = [lab.submit(NOTE, "gated") for _ in range(16)]
    # One of sixteen slots is for the high lane only, so ten of these tasks fill both workers.
    wait_for(lambda: len(list(filter(None, _holders(lab, more)))) == 10, "full workers")
    started[2].send(signal.SIGCONT)
    wait_for(lambda: all(_holders(lab, more)), "the third worker to take what waits")
    late = [holder for holder in _holders(lab, more) if holder not in first]
    assert len(late) == 6
    assert len(set(late)) == 1

    lab.open_gate()
    outcomes = lab.wait_for_ends(tasks + more, 60)
    assert [(o.status, o.attempts) for o in outcomes] == [(Status.DONE, 1)] * 36
    assert {o.worker_id for o in outcomes} == {1, 2, 3}
    lab.assert_ended_once(tasks + more)


def test_an_rq_command_for_one_task_leaves_the_others_alone(make_lab, redis_url: str) -> None:
    lab: WorkerLab = make_lab(max_inflight=4, max_batch_ms=PATIENT)
    lab.worker()
    rq = redis.Redis.from_url(redis_url)
    priorities = [Priority.HIGH, Priority.HIGH, Priority.NORMAL, Priority.NORMAL]
    tasks = [lab.submit(NOTE, "gated", priority=priority) for priority in priorities]
    for task in tasks:
        lab.wait_for_status(task, "processing")
    queues = [
        Queue(name, connection=rq, serializer=JSONSerializer)
        for name in lab.parts.stores["asr"].queues.values()
    ]
    registries = [StartedJobRegistry(queue=queue) for queue in queues]

    def executions() -> list[Execution]:
        jobs = Job.fetch_many([task.id for task in tasks], connection=rq, serializer=JSONSerializer)
        assert [job.get_status() for job in jobs if job] == ["started"] * 4
        found = [job.get_executions() for job in jobs if job]
        assert [len(each) for each in found] == [1] * 4
        return [each for (each,) in found]

    before = executions()
    for _ in range(3):  # run everything that cleans up while counting, with heartbeats in between
        for registry in registries:
            registry.cleanup()
        assert [registry.count for registry in registries] == [2, 2, 0]
        assert [queue.count for queue in queues] == [0, 0, 0]
        assert "queue asr-queue 0, 2 executing" in _rq_info(lab)
        for worker in Worker.all(rq):
            worker.run_maintenance_tasks()
        time.sleep(0.7)

    def beaten() -> list[Execution] | None:
        now = executions()
        assert [each.id for each in now] == [each.id for each in before]
        is_newer = (new.last_heartbeat > old.last_heartbeat for old, new in zip(before, now, strict=True))
        return now if all(is_newer) else None

    after = wait_for(beaten, "a heartbeat of each")
    left = [rq.ttl(execution.key) for execution in after]
    assert all(CLAIM_TTL / 2 <= seconds <= CLAIM_TTL for seconds in left)

    send_stop_job_command(rq, tasks[1].id, serializer=JSONSerializer)
    (stopped,) = lab.wait_for_ends([tasks[1]])
    assert stopped.status is Status.CANCELLED
    assert [lab.document(task)["status"] for task in tasks].count("processing") == 3
    lab.open_gate()
    outcomes = lab.wait_for_ends(tasks)
    assert [(o.status, o.attempts) for o in outcomes if o is not stopped].count((Status.DONE, 1)) == 3
    lab.assert_ended_once(tasks)
