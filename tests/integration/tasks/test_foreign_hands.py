"""Foreign data in our Redis: jobs of others, invalid values under our keys, a server without memory."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.exceptions import RedisError
from rq import Queue
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer
from task_lab import MANY, Lab, done, failed, make_task
from valkey_lab import PATIENCE

from voxq.queue import claiming, connect, documents, ends, enqueueing, foreign_keys, webhook_queue
from voxq.queue.claiming import Capacity, Worker
from voxq.queue.keys import EPOCH_KEY
from voxq.queue.redis_errors import ScriptFailed, state_of

LANE = "rq:queue:asr-queue"
HOSTILE_IDS = [b"../../etc/passwd", b"", b":", b"_", b"a" * (1 << 20), b"\xff\xfe\x00", b"x\r\ny"]
SHARED = [
    "asr:waiting",
    "asr:meters",
    "asr:audio",
    "asr:rooms",
    "asr:history:latest",
    "asr:stats",
    "asr:stats:samples",
    "asr:leases",
    LANE,
    f"{LANE}:intermediate",
    "rq:wip:asr-queue",
    "rq:failed:asr-queue",
    "voxq:epoch",
    "voxq:server",
    "voxq:workers",
    "voxq:janitor",
]


@pytest.fixture
def lab(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Make a lab with the service's client but longer time-outs, after which it would repeat a command."""
    monkeypatch.setattr(connect, "_SECONDS", PATIENCE)
    with connect.blocking(redis_url) as client:
        yield Lab(tmp_path / "storage", client)


def all_end_once(lab: Lab, worker: Worker) -> None:
    lab.recover()
    lab.drain(worker)
    lab.recover()
    ended = sorted(task_id for task_id, _ in lab.journal.ended_runs())
    assert lab.journal.open_ids() == []
    assert sorted(json.loads(line)["task_id"] for line in lab.log_lines()) == ended
    assert sorted(json.loads(item)["task_id"] for item in lab.history()) == ended


@pytest.mark.parametrize("serializer", ["rq.serializers.JSONSerializer", "rq.serializers.PickleSerializer"])
def test_a_foreign_job_is_refused_recorded_and_never_unpickled(
    lab: Lab, worker: Worker, serializer: str
) -> None:
    foreign = Queue("asr-queue", connection=lab.rq, serializer=serializer)
    job = foreign.enqueue("os.system", "touch /nowhere")
    ours = lab.submit()
    taken = lab.run(claiming.claim(lab.store, worker, Capacity({}, MANY), time.time()))
    assert ([each.task_id for each in taken.claimed], taken.refused) == ([ours.id], 1)
    refused = Job.fetch(job.id, connection=lab.rq, serializer=serializer)
    assert refused.get_status() is JobStatus.FAILED
    assert "runs only its own tasks" in str(refused.latest_result().exc_string)
    assert FailedJobRegistry(queue=foreign).get_job_ids() == [job.id]
    assert lab.client.ttl(f"rq:job:{job.id}") > 0


def test_hostile_ids_in_a_lane_are_skipped(lab: Lab, worker: Worker) -> None:
    for each in HOSTILE_IDS:
        lab.rq.rpush(LANE, each)
        lab.rq.rpush(f"{LANE}:intermediate", each)
        lab.rq.zadd("rq:wip:asr-queue", {each: 1, each + b":execution": 1})
        lab.rq.zadd("rq:failed:asr-queue", {each: 2e9})
    task = lab.submit()
    assert lab.run(enqueueing.missing(lab.store, [task.id])) == []
    assert lab.claim(worker) == [task]
    lab.let_claims_expire()
    assert lab.recovery.bring_back_dead() == 1
    all_end_once(lab, worker)


@pytest.mark.parametrize("junk", [b"", b"junk", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"run":"x"}'])
def test_an_invalid_document_loses_nothing(lab: Lab, worker: Worker, junk: bytes) -> None:
    lab.recover()
    waiting, working = lab.submit(), lab.submit()
    held = lab.run(claiming.claim(lab.store, worker, Capacity({}, {waiting.lane: 1}), time.time())).claimed
    lab.register(worker, waiting)
    assert len(held) == 1
    for task in (waiting, working):
        lab.rq.set(lab.store.task_key(task.id), junk)
    assert lab.run(enqueueing.view(lab.store, waiting.id)).document is None
    lab.ending.end(waiting, done(), worker)
    all_end_once(lab, worker)
    assert lab.status(working) == "done"


def test_keys_of_a_task_with_another_type_are_replaced(lab: Lab, worker: Worker) -> None:
    lab.recover()
    tasks = [lab.submit() for _ in range(4)]
    for prefix, task in zip(("asr:task:", "asr:claim:", "rq:job:", "rq:results:"), tasks, strict=True):
        lab.client.delete(prefix + task.id)
        lab.client.rpush(prefix + task.id, "foreign")
    all_end_once(lab, worker)
    assert {lab.status(task) for task in tasks} == {"done"}


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_key_with_another_type_is_renamed(lab: Lab, worker: Worker, name: str) -> None:
    lab.recover()
    ended = lab.submit()
    lab.take(worker)
    lab.ending.end(ended, failed(), worker)
    lab.submit()
    lab.client.delete(name)
    if foreign_keys.expected(lab.parts.stores.values())[name] == "string":
        lab.client.sadd(name, "foreign")
    else:
        lab.client.set(name, "foreign")
    lab.recovery.clear_the_way()
    assert lab.client.exists(f"voxq:foreign:{name}")
    all_end_once(lab, worker)
    assert lab.client.type(EPOCH_KEY) == "string"


def test_invalid_capacities_of_other_workers_are_ignored(lab: Lab, worker: Worker) -> None:
    for number, junk in enumerate(["", "[]", "\x00", '{"gone":9e9}', '{"gone":[],"held":{},"free":{}}']):
        lab.client.hset("asr:rooms", f"stranger-{number}", junk)
        lab.client.hset("voxq:workers", f"stranger-{number}", junk)
    tasks = [lab.submit() for _ in range(3)]
    assert lab.claim(worker) == tasks


def test_an_ended_task_requeued_by_rq_goes_back_to_its_registry(lab: Lab, worker: Worker) -> None:
    lab.recover()
    task = lab.submit()
    lab.take(worker)
    lab.ending.end(task, failed(), worker)
    queue = Queue("asr-queue", connection=lab.rq, serializer=JSONSerializer)
    FailedJobRegistry(queue=queue).requeue(task.id)
    assert lab.claim(worker) == []
    assert FailedJobRegistry(queue=queue).get_job_ids() == [task.id]
    assert Job.fetch(task.id, connection=lab.rq, serializer=JSONSerializer).get_status() is JobStatus.FAILED
    lab.control.retry(task.id, 1)
    assert [again.run for again in lab.drain(worker)] == [2]


def test_an_invalid_webhook_job_is_refused_and_delays_no_other(lab: Lab, worker: Worker) -> None:
    foreign = Queue("voxq-webhooks", connection=lab.rq)
    strangers = [foreign.enqueue("os.system", "true", job_id=name) for name in ("_", "shop_1_1", "x" * 1000)]
    lab.client.rpush("rq:queue:voxq-webhooks", "no job at all")
    task = lab.submit(callback="shop")
    lab.take(worker)
    lab.ending.end(task, done(), worker)
    deliveries = lab.run(webhook_queue.claim("me", {}, 16))
    assert [delivery.task_id for delivery in deliveries] == [task.id]
    assert sorted(FailedJobRegistry(queue=foreign).get_job_ids()) == sorted(job.id for job in strangers)
    assert lab.client.llen("rq:queue:voxq-webhooks") == 0


@contextmanager
def full(client: redis.Redis) -> Iterator[None]:
    client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)


@contextmanager
def read_only(client: redis.Redis) -> Iterator[None]:
    client.replicaof("127.0.0.1", "1")
    try:
        yield
    finally:
        client.replicaof("no", "one")


@pytest.mark.parametrize(("condition", "said"), [(full, "out of memory"), (read_only, "read-only")])
def test_scripts_change_nothing_on_a_server_that_refuses_writes(
    lab: Lab, worker: Worker, condition: Callable[[redis.Redis], Any], said: str
) -> None:
    """No script is executed in part; a refused operation can be repeated later."""
    lab.recover()
    working, _waiting, claimed, told = (lab.submit(callback="shop") for _ in range(4))
    held = lab.take(worker)
    assert held.task == working
    lab.ending.end(told, done())
    lab.run(webhook_queue.claim("me", {}, 16))
    new, end = lab.accept(make_task()), done()
    lab.journal.end(claimed, end)
    ended = lab.journal.ended(claimed.id, 1)
    assert ended is not None
    document = documents.processing(working, progress=50, text="", started_at=1.0)
    commands = [
        enqueueing.enqueue(lab.store, new),
        claiming.claim(lab.store, worker, Capacity({}, MANY), time.time()),
        claiming.register(lab.store, worker, held, 1.0, document),
        claiming.beat(lab.store, worker, [held], 1.0, 30, {}),
        ends.finish(lab.store, ended, 1.0),
        claiming.release(lab.store, worker, [working]),
        claiming.expire(lab.store, 4e9),
        ends.restore(lab.store, ended, ended.outcome.ended_at),
        webhook_queue.claim("me", {}, 16),
    ]
    lab.let_claims_expire()
    before = {key: lab.rq.dump(key) for key in lab.rq.keys("*")}
    with condition(lab.client):
        for command in commands:
            with pytest.raises(RedisError) as raised:
                lab.run(command)
            assert said in str(state_of(raised.value)), command.name
        lab.run(enqueueing.view(lab.store, working.id))
        lab.run(enqueueing.counts(lab.store, 1.0))
    assert {key: lab.rq.dump(key) for key in lab.rq.keys("*")} == before
    all_end_once(lab, worker)


def test_a_script_that_fails_is_named(lab: Lab) -> None:
    lab.client.set("asr:meters", "foreign")
    with pytest.raises(ScriptFailed, match="the script enqueue failed: WRONGTYPE"):
        lab.enqueue(make_task())
    assert not lab.client.keys("asr:task:*"), "as a whole or not at all"
