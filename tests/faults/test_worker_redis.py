"""Death of Redis under a single worker: work continues, nothing is done twice, the worker is not restarted.

`test_redis.py` has the other faults, with a whole service.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq import Worker
from valkey_lab import RedisServer
from worker_lab import MEETING, WorkerLab, wait_for

from voxq.core.task import Status
from voxq.queue.keys import EPOCH_KEY


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "redis")
    yield server
    server.close()


@pytest.fixture
def lab(make_lab, server: RedisServer) -> WorkerLab:
    """Start a worker with one task in its engine and one that waits."""
    lab: WorkerLab = make_lab(redis_url=server.url, asr_model="sleep-300ms")
    lab.worker()
    wait_for(lambda: lab.client.exists(EPOCH_KEY), "the epoch")
    return lab


def submit_two(lab: WorkerLab):
    tasks = [lab.submit(MEETING, batch_size=5) for _ in range(2)]
    wait_for(lambda: len(lab.calls()) >= 2, "the second chunk in the engine")
    return tasks


def assert_all_well(lab: WorkerLab, tasks) -> None:
    """Assert that each task ended once, no chunk ran twice, and the worker is registered and takes more."""
    (worker,) = lab.workers
    outcomes = lab.wait_for_ends(tasks)
    assert [(o.status, o.attempts, o.incidents) for o in outcomes] == [(Status.DONE, 1, ())] * len(tasks)
    assert sum(len(call) for call in lab.calls()) == sum(len(o.segments) for o in outcomes)
    lab.assert_ended_once(tasks)
    assert worker.is_alive()
    with redis.Redis.from_url(str(lab.settings.redis_url)) as rq:
        wait_for(lambda: [w.get_state() for w in Worker.all(rq)] == ["idle"], "a registered, idle worker")
    lab.wait_for_ends([lab.submit(MEETING)])


def test_a_redis_restarted_with_its_data_repeats_no_work(lab: WorkerLab, server: RedisServer) -> None:
    tasks = submit_two(lab)
    server.kill()
    time.sleep(2)
    server.restart()
    assert_all_well(lab, tasks)
    assert lab.workers[0].log.count("Worker-1 Redis is unavailable") == 1


def test_work_is_finished_without_redis_and_reported_later(lab: WorkerLab, server: RedisServer) -> None:
    tasks = submit_two(lab)
    server.kill()
    wait_for(lambda: lab.outcome(tasks[0]), "the end of the task in hand")
    server.restart(empty=True)
    assert_all_well(lab, tasks)


def test_a_worker_waits_for_redis_at_its_start(make_lab, server: RedisServer) -> None:
    lab: WorkerLab = make_lab(redis_url=server.url)
    server.kill()
    worker = lab.worker(ready=False)
    worker.wait_for_log("waiting for Redis")
    server.restart()
    worker.wait_for_log("status=ready")
    lab.wait_for_ends([lab.submit()])
