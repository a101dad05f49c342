"""Tasks in progress on a worker: claimed, registered, renewed, and requeued if the worker dies."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis
from task_lab import MANY, Lab, done, failed, make_task, make_worker
from valkey_lab import PATIENCE

from voxq.core.task import Lane, Status, Task
from voxq.queue import claiming, documents, ends, enqueueing
from voxq.queue.claiming import Capacity, Worker
from voxq.queue.keys import EVENTS_CHANNEL


def keys(client: redis.Redis) -> set[str]:
    return set(client.keys("*"))


def _end(lab: Lab, task: Task, outcome: Any = None) -> Any:
    lab.journal.end(task, outcome or done())
    return lab.journal.ended(task.id, task.run)


def test_a_claim_takes_the_free_slots_of_each_lane(lab: Lab, worker: Worker) -> None:
    high, short, long = (
        [lab.submit(lane=lane) for _ in range(3)] for lane in (Lane.HIGH, Lane.SHORT, Lane.LONG)
    )
    assert lab.claim(worker, {}) == []
    assert lab.claim(worker, {Lane.HIGH: 4, Lane.SHORT: 2, Lane.LONG: 2}) == [*high, short[0]]
    assert lab.claim(worker, {Lane.SHORT: 1, Lane.LONG: 2}) == [short[1], long[0]]
    assert len(lab.claim(worker)) == 3


def test_two_workers_never_claim_the_same_task(lab: Lab) -> None:
    tasks = [lab.submit() for _ in range(100)]
    workers = [make_worker() for _ in range(8)]

    def claim_all(worker: Worker) -> list[Task]:
        mine = []
        while claimed := lab.claim(worker, {Lane.SHORT: 3}):
            mine += claimed
        return mine

    with ThreadPoolExecutor(8) as pool:
        claimed = [task.id for mine in pool.map(claim_all, workers) for task in mine]
    assert sorted(claimed) == sorted(task.id for task in tasks)


def test_duplicate_and_ended_ids_are_dropped_when_claimed(lab: Lab, worker: Worker) -> None:
    task, ended = lab.submit(), lab.submit()
    lab.ending.end(ended, done())
    lab.client.rpush("rq:queue:asr-queue", task.id, ended.id, "no-task-of-ours", task.id)
    assert lab.claim(worker) == [task]
    assert lab.client.llen("rq:queue:asr-queue") == 0
    assert [entry.partition(":")[0] for entry in lab.client.zrange("rq:wip:asr-queue", 0, -1)] == [task.id]


def test_a_claim_registers_the_task(lab: Lab, worker: Worker) -> None:
    """For RQ and for clients it is in work at once; `register` then changes nothing but its execution."""
    task = lab.submit()
    with lab.client.pubsub(ignore_subscribe_messages=True) as events:
        events.subscribe(EVENTS_CHANNEL)
        assert events.get_message(timeout=PATIENCE) is None  # the subscription itself
        [claimed] = lab.run(claiming.claim(lab.store, worker, Capacity({}, MANY), time.time())).claimed
        event = events.get_message(timeout=PATIENCE)
    assert event is not None
    assert json.loads(event["data"]) == json.loads(documents.event(task, Status.PROCESSING))
    assert claimed.run == task.run
    [entry] = lab.client.zrange("rq:wip:asr-queue", 0, -1)
    assert entry == f"{task.id}:{claimed.execution}"
    assert lab.client.hget(f"rq:execution:{entry}", "worker_name") == worker.name
    assert lab.client.hget(f"rq:job:{task.id}", "status") == "started"
    claimed_document = json.loads(str(lab.client.get(lab.store.task_key(task.id))))
    held = lab.register(worker, task)
    assert held is not None
    document = json.loads(str(lab.client.get(lab.store.task_key(task.id))))
    assert claimed_document | {"started_at": ""} == document | {"started_at": ""}
    assert lab.beat(worker, [held]).lost == ()


def test_a_claim_without_a_job_is_registered_by_the_worker(lab: Lab, worker: Worker) -> None:
    """Somebody has deleted RQ's job, or one of its keys has a wrong type."""
    without_job, without_executions, whole = lab.submit(), lab.submit(), lab.submit()
    lab.client.delete(f"rq:job:{without_job.id}")
    lab.client.set(f"rq:executions:{without_executions.id}", "what is this")
    claimed = lab.run(claiming.claim(lab.store, worker, Capacity({}, MANY), time.time())).claimed
    assert [each.run for each in claimed] == [0, 0, 1]
    assert lab.client.lrange("rq:queue:asr-queue:intermediate", 0, -1) == [
        without_job.id,
        without_executions.id,
    ]
    assert lab.register(worker, without_job) is not None
    assert lab.client.hget(f"rq:job:{without_job.id}", "status") == "started"
    assert lab.status(whole) == "processing"


def test_a_task_moves_through_rqs_registries(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    [claimed] = lab.claim(worker)
    assert lab.run(enqueueing.counts(lab.store, time.time())).processing == 1
    held = lab.register(worker, claimed)
    assert held is not None
    assert lab.status(task) == "processing"
    assert lab.client.llen("rq:queue:asr-queue:intermediate") == 0
    assert lab.run(enqueueing.counts(lab.store, time.time())).processing == 1
    beat = lab.beat(worker, [held])
    assert beat.lost == ()
    assert lab.run(ends.finish(lab.store, _end(lab, task), time.time(), worker)) == "ended"
    assert lab.run(ends.finish(lab.store, _end(lab, task), time.time(), worker)) == "known"
    assert lab.run(enqueueing.counts(lab.store, time.time())).processing == 0
    assert lab.beat(worker, [held]).lost == (task.id,)


def test_only_the_worker_with_the_claim_reports(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.take(worker)
    document = documents.processing(task, progress=50, text="half", started_at=time.time())
    assert not lab.run(claiming.report(lab.store, make_worker(), task, document))
    assert lab.run(claiming.report(lab.store, worker, task, document))
    lab.control.cancel(task.id)
    assert not lab.run(claiming.report(lab.store, worker, task, document))
    assert lab.status(task) == "cancelled"


def test_only_one_worker_registers(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.claim(worker)
    assert lab.register(make_worker(), task) is None
    assert lab.register(worker, task) is not None


def test_an_ended_task_and_an_earlier_run_are_not_registered(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.take(worker)
    lab.ending.end(task, failed(), worker)
    assert lab.register(worker, task) is None
    lab.control.retry(task.id, 1)
    assert lab.register(worker, task) is None
    assert lab.status(task) == "queued"


def test_an_execution_keeps_its_beginning_through_heartbeats(lab: Lab, worker: Worker) -> None:
    lab.submit()
    held = lab.take(worker)
    key = f"rq:execution:{held.task.id}:{held.execution}"
    created = lab.client.hget(key, "created_at")
    time.sleep(0.01)
    lab.beat(worker, [held])
    assert lab.client.hget(key, "created_at") == created
    assert float(lab.client.hget(key, "last_heartbeat") or 0) > float(created or 0)
    assert lab.client.ttl(key) > 0


def test_a_heartbeat_returns_epoch_registration_and_suspension(lab: Lab, worker: Worker) -> None:
    beat = lab.beat(worker)
    assert (beat.epoch, beat.registered, beat.suspended) == ("", False, False)
    lab.recovery.rebuild(patience=0)
    lab.client.hset(worker.key, "birth", "now")
    lab.client.set("rq:suspended", 1)
    beat = lab.beat(worker)
    assert beat.epoch
    assert (beat.registered, beat.suspended) == (True, True)
    assert json.loads(lab.client.hget("voxq:workers", worker.name) or "{}")["beat"]


def test_a_registration_after_the_loss_of_redis_is_complete(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    held = lab.take(worker)
    lab.client.flushall()
    assert lab.beat(worker, [held]).lost == (task.id,)
    assert lab.register(worker, task)
    assert lab.status(task) == "processing"
    assert lab.client.hget("asr:audio", task.short_id) == task.file
    assert lab.run(enqueueing.missing(lab.store, [task.id])) == []
    assert lab.ending.end(task, done(), worker)
    assert len(lab.history()) == 1


def test_tasks_of_a_dead_worker_are_requeued_in_order(lab: Lab, worker: Worker) -> None:
    tasks = [lab.submit() for _ in range(6)]
    for _ in range(2):
        lab.take(worker)
    lab.claim(worker, {Lane.SHORT: 2})
    assert lab.run(claiming.expire(lab.store, time.time())) == []
    lab.let_claims_expire()
    assert len(lab.run(claiming.expire(lab.store, time.time()))) == 4
    assert lab.run(claiming.expire(lab.store, time.time())) == []
    assert [lab.status(task) for task in tasks] == ["queued"] * 6
    assert lab.claim(make_worker()) == tasks


def test_a_claim_that_outlives_its_entry_leads_back_to_its_task(lab: Lab, worker: Worker) -> None:
    """A Redis restored from a copy can have old entries beside claims that have just been renewed."""
    task = lab.submit()
    lab.take(worker)
    for entry in lab.client.zrange("rq:wip:asr-queue", 0, -1):
        lab.client.zadd("rq:wip:asr-queue", {entry: time.time() - 3600})
    assert lab.run(claiming.expire(lab.store, time.time())) == [], "it is claimed"
    lab.let_claims_expire()
    assert lab.run(claiming.expire(lab.store, time.time())) == [task.id]
    assert lab.claim(make_worker()) == [task]


def test_ended_tasks_are_not_requeued(lab: Lab, worker: Worker) -> None:
    task = lab.submit()
    lab.take(worker)
    lab.client.set(lab.store.task_key(task.id), json.dumps({"status": "done", "run": 1}))
    lab.let_claims_expire()
    assert lab.run(claiming.expire(lab.store, time.time())) == []
    assert lab.client.llen("rq:queue:asr-queue") == 0


def test_an_id_unknown_to_the_journal_is_dropped_and_expires(lab: Lab, worker: Worker) -> None:
    task = make_task()
    lab.enqueue(task)
    [claimed] = lab.run(claiming.claim(lab.store, worker, Capacity({}, MANY), time.time())).claimed
    assert (claimed.task_id, claimed.lane, claimed.kind) == (task.id, Lane.SHORT, "asr")
    lab.run(claiming.drop(lab.store, claimed))
    assert lab.run(enqueueing.counts(lab.store, time.time())).processing == 0
    assert all(lab.client.ttl(key) > 0 for key in keys(lab.client) if task.id in key)
    assert not lab.client.hexists("asr:audio", task.short_id)


def test_tasks_of_a_dead_worker_do_not_wait_for_its_claims_to_expire(lab: Lab) -> None:
    """This applies to no other worker: not to one with the same number, host and process id, nor to its next
    life."""
    dead, same, next_life = (make_worker(f"voxq-1.host.7.{life}") for life in ("aaa", "aaab", "baa"))
    tasks = [lab.submit() for _ in range(5)]
    lab.take(dead)
    lab.claim(dead, {Lane.SHORT: 1})
    others = [lab.take(same), lab.take(next_life)]
    for worker in (dead, same):
        capacity = Capacity({}, MANY)
        lab.run(claiming.beat(lab.store, worker, [], time.time(), 30, {"beat": time.time()}, capacity))
    assert sorted(lab.run(claiming.release_dead(lab.store, "aaa"))) == [task.id for task in tasks[:2]]
    assert [lab.place(task) for task in tasks] == [(1, 0), (2, 10), None, None, (3, 20)]
    assert [lab.status(task) for task in tasks] == ["queued"] * 2 + ["processing"] * 2 + ["queued"]
    assert lab.client.hkeys("asr:rooms") == [same.name]
    assert lab.recovery.bring_back_dead() == 0, "the others live"
    assert [
        lab.beat(worker, [held]).lost for worker, held in zip((same, next_life), others, strict=True)
    ] == [()] * 2
    assert lab.run(claiming.release_dead(lab.store, "aaa")) == []
    assert lab.claim(make_worker(), {Lane.SHORT: 3}) == [tasks[0], tasks[1], tasks[4]]


def test_tasks_that_a_dead_worker_has_ended_are_not_restarted(lab: Lab) -> None:
    """The worker died between E1 and E2."""
    worker, task = make_worker("voxq-1.host.7.aaa"), lab.submit()
    held = lab.take(worker)
    lab.ending.decide(held.task, done())
    assert lab.run(claiming.release_dead(lab.store, "aaa")) == [task.id]
    assert lab.drain(make_worker()) == []
    assert lab.status(task) == "done"
    assert lab.journal.open_ids() == []
    assert len(lab.log_lines()) == 1
