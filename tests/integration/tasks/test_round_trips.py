"""Commands that share round trips to Redis: each is atomic by itself and gets its own reply or error,
whatever becomes of the others, of the connection and of the server."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
from redis.exceptions import RedisError
from task_lab import Lab, cancelled, done, failed, make_worker
from valkey_lab import RedisServer

from voxq.core.task import Task
from voxq.queue import connect, ends, enqueueing, fingerprints, script
from voxq.queue.claiming import Worker
from voxq.queue.redis_errors import ScriptFailed
from voxq.queue.trips import Trips
from voxq.storage.journal.port import Ended

SECONDS = 0.6
MANY = 50


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with contextlib.closing(RedisServer(tmp_path / "server")) as server:
        yield server


@contextlib.asynccontextmanager
async def trips_to(url: str) -> AsyncIterator[Trips]:
    trips = connect.trips(url, seconds=SECONDS)
    try:
        yield trips
    finally:
        await trips.close()


def reads(client: redis.Redis) -> int:
    """Number of reads from clients that the server has counted; each is one round trip."""
    stats = client.info("stats")
    assert isinstance(stats, dict)
    return stats["total_reads_processed"]


def taken(lab: Lab, worker: Worker) -> Task:
    """Submit a task, which the worker takes."""
    lab.submit()
    return lab.take(worker).task


@pytest.fixture(params=[True, False], ids=["one connection", "pool"])
def blocking(redis_url: str, request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    with connect.blocking(redis_url, single=request.param) as client:
        yield client


# One after another, for a worker.


def test_ends_of_many_tasks_are_one_round_trip(lab: Lab, worker: Worker, blocking: redis.Redis) -> None:
    ending = lab.parts.ending(blocking)
    ended = [Ended(taken(lab, worker), outcome) for outcome in (done(), failed(), cancelled())]
    for end in ended:
        assert ending.decide(end.task, end.outcome)
    blocking.script_flush()  # as after a restart: the server knows no script
    ending.announce(ended, worker)
    assert [lab.status(end.task) for end in ended] == ["done", "failed", "cancelled"]
    assert len(lab.log_lines()) == 3
    assert len(lab.history()) == 2
    assert lab.journal.open_ids() == list(lab.parts.work.names()) == []
    more = [Ended(taken(lab, worker), done()) for _ in range(MANY)]
    for end in more:
        assert ending.decide(end.task, end.outcome)
    before = reads(lab.client)
    ending.announce(more, worker)
    assert reads(lab.client) - before < MANY / 2  # a large one is sent in pieces
    assert lab.journal.open_ids() == []


def test_one_that_fails_does_not_keep_the_others(lab: Lab, worker: Worker, blocking: redis.Redis) -> None:
    first, damaged, last = (lab.submit() for _ in range(3))
    tasks = [lab.take(worker).task for _ in range(3)]
    lab.client.delete(f"rq:executions:{damaged.id}")
    lab.client.set(f"rq:executions:{damaged.id}", "what is this")
    ended = [Ended(task, done()) for task in tasks]
    ending = lab.parts.ending(blocking)
    for end in ended:
        assert ending.decide(end.task, end.outcome)
    with pytest.raises(ScriptFailed):
        ending.announce(ended, worker)
    assert [lab.status(task) for task in (first, damaged, last)] == ["done", "processing", "done"]
    lab.client.delete(f"rq:executions:{damaged.id}")
    for task in tasks:
        ending.publish(task, worker)
    assert [lab.status(task) for task in tasks] == ["done"] * 3
    assert len(lab.log_lines()) == len(lab.history()) == 3
    assert lab.journal.open_ids() == []


def test_a_connection_that_is_cut_is_made_anew(lab: Lab, blocking: redis.Redis) -> None:
    commands = [enqueueing.entry(lab.store, time.time(), None, "anna") for _ in range(3)]
    assert [entry.number for entry in script.run_all(blocking, commands)] == [1, 2, 3]
    lab.client.client_kill_filter(_type="normal", skipme=True)
    assert len(script.run_all(blocking, commands)) == 3


def test_a_server_that_is_away_is_an_error_and_comes_back(server: RedisServer, tmp_path: Path) -> None:
    with connect.blocking(server.url, single=True) as client:
        lab = Lab(tmp_path / "storage", client)
        command = enqueueing.entry(lab.store, time.time(), None, "anna")
        assert script.run(client, command).number == 1
        server.kill()
        with pytest.raises(RedisError):
            script.run_all(client, [command, command])
        server.restart()
        assert script.run(client, command).number == 2


# At the same time, for the API.


async def test_commands_at_the_same_time_share_round_trips(lab: Lab, redis_url: str) -> None:
    async with trips_to(redis_url) as trips:
        await trips.run(enqueueing.entry(lab.store, time.time(), None, "anna"))
        before = reads(lab.client)
        entries = await asyncio.gather(
            *(trips.run(enqueueing.entry(lab.store, time.time(), None, "anna")) for _ in range(MANY))
        )
        assert reads(lab.client) - before < MANY / 2
    assert sorted(entry.number for entry in entries) == list(range(2, MANY + 2))


async def test_each_gets_its_own_error_or_reply(lab: Lab, redis_url: str) -> None:
    """Also where the server knows no script, and where a caller has gone."""
    task, other = lab.submit(), lab.submit()
    lab.client.delete("asr:meters")
    lab.client.lpush("asr:meters", "what is this")
    async with trips_to(redis_url) as trips:
        bad = asyncio.create_task(trips.run(enqueueing.view(lab.store, other.id)))
        gone = asyncio.create_task(trips.run(enqueueing.forget(lab.store, "2025-12-01_001_aaaaaaaaaaaa")))
        await asyncio.sleep(0)
        gone.cancel()
        good = asyncio.create_task(trips.run(fingerprints.look(lab.store, "a" * 64, join=False)))
        results = await asyncio.gather(bad, gone, good, return_exceptions=True)
        assert isinstance(results[0], ScriptFailed)
        assert isinstance(results[1], asyncio.CancelledError)
        assert results[2] is None
        lab.client.delete("asr:meters")
        assert (await trips.run(enqueueing.view(lab.store, task.id))).document is not None


async def test_a_frozen_server_is_an_error_in_time_and_comes_back(
    server: RedisServer, tmp_path: Path
) -> None:
    with server.client() as client:
        lab = Lab(tmp_path / "storage", client)

        def command() -> script.Command[enqueueing.EntryCheck]:
            return enqueueing.entry(lab.store, time.time(), None, "anna")

        async with trips_to(server.url) as trips:
            await trips.run(command())
            with server.frozen():
                began = time.monotonic()
                answers = await asyncio.gather(
                    *(trips.run(command()) for _ in range(MANY)), return_exceptions=True
                )
                assert time.monotonic() - began < 2 * SECONDS + 5  # the machine may be slow
            assert all(isinstance(answer, RedisError) for answer in answers)
            assert (await trips.run(command())).number > 1
            server.kill()
            with pytest.raises(RedisError):
                await trips.run(command())
            server.restart()
            assert (await trips.run(command())).number > 1


async def test_what_waits_when_it_is_closed_fails(lab: Lab, redis_url: str) -> None:
    trips = connect.trips(redis_url, seconds=SECONDS)
    waiting = asyncio.create_task(trips.run(enqueueing.view(lab.store, "2025-12-01_001_aaaaaaaaaaaa")))
    await asyncio.sleep(0)
    await trips.close()
    with pytest.raises(RedisError):
        await waiting


# Interrupted.


@pytest.mark.parametrize(
    "last", range(6), ids=["E1 of one", "E1", "E2 of one", "E2", "lines", "one is closed"]
)
def test_ends_that_are_announced_together_survive_a_death_between_any_two(lab: Lab, last: int) -> None:
    worker = make_worker()
    tasks = [taken(lab, worker) for _ in range(3)]
    ended = [Ended(task, done()) for task in tasks]
    for end in ended[: 1 if last == 0 else 3]:
        assert lab.ending.decide(end.task, end.outcome)
    if last >= 2:
        commands = [
            ends.finish(lab.store, end, time.time(), worker) for end in ended[: 1 if last == 2 else 3]
        ]
        assert set(script.run_all(lab.client, commands)) == {"ended"}
    if last >= 4:
        lab.log.settle(ended, lab.journal, maybe_logged=False)
        for task in tasks[1 if last == 5 else 0 :]:
            lab.journal.accept(task)  # as if it had died before closing it
    lab.let_claims_expire()
    again = make_worker()
    for _ in range(2):
        lab.recover()
        lab.drain(again)
    assert [lab.status(task) for task in tasks] == ["done"] * 3
    assert len(lab.log_lines()) == len(lab.history()) == 3
    assert lab.journal.open_ids() == list(lab.parts.work.names()) == []
    assert [lab.journal.runs_of(task.id) for task in tasks] == [[1]] * 3
