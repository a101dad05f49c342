"""Queries of recovery, and the ways in which scripts are sent to the server."""

from __future__ import annotations

from typing import Any

import redis
from task_lab import Lab, done, make_task

from voxq.core.task import Lane
from voxq.queue import enqueueing
from voxq.queue.claiming import Worker


def keys(client: redis.Redis) -> set[str]:
    return set(client.keys("*"))


def test_the_query_for_missing_tasks_changes_nothing(lab: Lab, worker: Worker) -> None:
    stranger, working, claimed, waiting, ended, lost = (
        make_task(),
        *(lab.submit(lane=Lane.HIGH) for _ in range(2)),
        *(lab.submit() for _ in range(3)),
    )
    lab.take(worker)
    lab.claim(worker, {Lane.HIGH: 1})
    lab.ending.end(ended, done())
    lab.client.lrem("rq:queue:asr-queue", 0, lost.id)
    before = {key: lab.client.dump(key) for key in keys(lab.client)}
    ids = [task.id for task in (stranger, working, claimed, waiting, ended, lost)]
    assert lab.run(enqueueing.missing(lab.store, ids)) == [stranger.id, ended.id, lost.id]
    assert {key: lab.client.dump(key) for key in keys(lab.client)} == before


def test_a_lost_task_is_enqueued_again_in_one_step(lab: Lab) -> None:
    task, other = lab.submit(), lab.submit()
    lab.client.lrem("rq:queue:asr-queue", 0, task.id)
    assert lab.enqueue(task).answer == "queued"
    assert lab.place(other) == (1, 0)
    assert lab.place(task) == (2, 10)
    assert lab.queued_seconds() == 20


def test_a_flushed_script_cache_does_no_harm(lab: Lab) -> None:
    tasks = [make_task() for _ in range(3)]
    lab.client.script_flush()
    answers = [lab.run(enqueueing.enqueue(lab.store, task)) for task in tasks]
    assert [answer.answer for answer in answers] == ["queued"] * 3
    lab.client.script_flush()
    assert lab.enqueue(make_task()).answer == "queued"


def test_a_task_costs_one_round_trip_for_each_write_step(lab: Lab, worker: Worker) -> None:
    sent: list[str] = []

    class Counting(redis.Redis):
        def execute_command(self, *args: Any, **options: Any) -> Any:
            sent.append(args[0])
            return super().execute_command(*args, **options)

        def pipeline(self, **how: Any) -> Any:
            sent.append("calls sent together")
            return super().pipeline(**how)

    address = lab.client.get_connection_kwargs()
    client = Counting(host=address["host"], port=address["port"], decode_responses=True)
    counted = Lab(lab.root, client)
    for _ in range(2):  # the first time, the scripts are sent along
        sent.clear()
        task = counted.submit()
        [claimed] = counted.claim(worker, {Lane.SHORT: 1})
        counted.register(worker, claimed)
        counted.ending.end(task, done(), worker)
    assert sent == ["calls sent together"] * 4
    client.close()
