"""Webhooks: each is notified of each of its tasks at least once despite crashes, and no other receiver is."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from api_server import ApiServer, running_api, tone
from own_port import own_port
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer
from task_lab import Lab, done, failed
from valkey_lab import patient_client
from webhook_receiver import SECRET, Receiver, receiver
from worker_lab import wait_for

from voxq.core.task import Task
from voxq.queue.keys import EVENTS_CHANNEL
from voxq.queue.webhook_job import QUEUE, RETRIES
from voxq.webhooks.post import Poster, PostFailed

SCHEDULED, STARTED = f"rq:scheduled:{QUEUE}", f"rq:wip:{QUEUE}"


@pytest.fixture
def bot() -> Iterator[Receiver]:
    with receiver() as ours:
        yield ours


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """Choose the ports of the receivers to which the shared API sends."""
    return {"bot": own_port(), "other": own_port()}


def settings_for(**urls: str) -> dict[str, str]:
    return {
        "WEBHOOKS": ",".join(f"{name}={url}" for name, url in urls.items()),
        "WEBHOOK_SECRETS": ",".join(f"{name}:{SECRET}" for name in urls),
        "WEBHOOK_ALLOW_PRIVATE": "true",
    }


@pytest.fixture(scope="module")
def shared_api(
    valkey: str, ports: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    urls = {name: f"http://127.0.0.1:{port}/{name}" for name, port in ports.items()}
    with running_api(valkey, tmp_path_factory.mktemp("webhooks"), **settings_for(**urls)) as server:
        yield server


@pytest.fixture
def api(shared_api: ApiServer, redis_url: str) -> ApiServer:
    return shared_api


@pytest.fixture
def lab(api: ApiServer, client: redis.Redis) -> Lab:
    ours = api.lab(client)
    ours.recover()
    return ours


@pytest.fixture
def apart(redis_url: str) -> Iterator[tuple[str, redis.Redis]]:
    """Return the URL of a database that the shared API does not use, and a client for it."""
    url = f"{redis_url.rpartition('/')[0]}/1"
    with patient_client(url) as connection:
        yield url, connection


def submitted(api: ApiServer, lab: Lab, callback: str = "bot") -> Task:
    task = lab.journal.open_task(api.submitted(tone(1), callback=callback))
    assert task is not None
    return task


def job_of(lab: Lab, task: Task) -> Job:
    return Job.fetch(f"{task.callback}_{task.id}_{task.run}", connection=lab.rq, serializer=JSONSerializer)


def job_is(lab: Lab, task: Task, status: str) -> None:
    wait_for(lambda: job_of(lab, task).get_status() == status, f"a job that is {status}")


def make_due(lab: Lab, key: str) -> None:
    """Make a retry due, or a lease expire, at once."""
    for entry in lab.client.zrange(key, 0, -1):
        lab.client.zadd(key, {entry: 1})
    lab.client.publish(EVENTS_CHANNEL, '{"task_id": "another", "status": "done"}')  # the next look


def test_every_end_is_delivered_once(api: ApiServer, lab: Lab, ports: dict[str, int]) -> None:
    task = submitted(api, lab)
    with receiver(ports["bot"]) as bot, receiver(ports["other"]) as other:
        lab.ending.end(task, failed())
        wait_for(lambda: bot.told, "the first message")
        api.http.post(f"/api/v1/asr/retry/{task.id}").raise_for_status()
        again = lab.journal.open_task(task.id)
        assert again is not None
        lab.ending.end(again, done("guten Tag"))
        job_is(lab, again, "finished")
        api.http.delete(f"/api/v1/asr/task/{submitted(api, lab).id}")
        wait_for(lambda: len(bot.told) == 3, "the third message", 10)
        lab.ending.end(submitted(api, lab, callback=""), done())
        lab.recover()
        time.sleep(1.2)  # a look at the queue

    first, second, third = bot.told
    assert (first.path, first.delivery, first.message["status"]) == ("/bot", f"{task.id}.1", "failed")
    assert first.message["error"] == "Processing timeout (600s exceeded)"
    assert second.delivery == second.message["delivery"] == f"{task.id}.2"
    assert {name: second.message[name] for name in ("task_id", "kind", "status", "text", "result_url")} == {
        "task_id": task.id,
        "kind": "asr",
        "status": "done",
        "text": "guten Tag",
        "result_url": f"/api/v1/asr/result/{task.id}",
    }
    assert third.message["status"] == "cancelled"
    assert other.told == []
    assert "guten Tag" not in api.log()


@pytest.mark.parametrize("crash", ["between E1 and E2", "redis came back empty"])
def test_an_end_is_delivered_whatever_process_dies(
    api: ApiServer, lab: Lab, ports: dict[str, int], crash: str
) -> None:
    task = submitted(api, lab)
    lab.ending.decide(task, done())
    if crash == "redis came back empty":
        lab.ending.publish(task)  # without success: the receiver is not running
        job_is(lab, task, "scheduled")
        lab.client.flushall()
    lab.recover()
    make_due(lab, SCHEDULED)
    with receiver(ports["bot"]) as bot:
        wait_for(lambda: make_due(lab, SCHEDULED) or bot.told, "the message")
        job_is(lab, task, "finished")
        lab.client.flushall()
        lab.recover()
        job_is(lab, task, "finished")
    assert [told.delivery for told in bot.told] == [f"{task.id}.1"]


def test_a_delivery_is_tried_eight_times_and_follows_no_redirect(
    api: ApiServer, lab: Lab, ports: dict[str, int]
) -> None:
    task = submitted(api, lab)
    with receiver(ports["bot"]) as bot:
        bot.answer = lambda: 302
        began = time.time()
        lab.ending.end(task, done())
        for number, delay in enumerate(RETRIES.pauses, 1):
            job_is(lab, task, "scheduled")
            ((_, due),) = lab.client.zrange(SCHEDULED, 0, -1, withscores=True)
            assert began + delay - 1 < due <= time.time() + delay, "its clock knows whole seconds"
            assert len(bot.told) == number
            lab.client.hset(f"rq:job:bot_{task.id}_1", "status", "queued")
            began = time.time()
            make_due(lab, SCHEDULED)
        job_is(lab, task, "failed")
    assert {(told.path, told.delivery) for told in bot.told} == {("/bot", f"{task.id}.1")}
    assert len(bot.told) == 8
    result = job_of(lab, task).latest_result()
    assert result is not None and result.exc_string == "HTTP 302"
    assert f'webhook=bot task={task.short_id} status=done error="HTTP 302", given up' in api.log()
    assert SECRET not in api.log()

    with receiver(ports["bot"]) as bot:  # it is running again, and the operator retries
        Queue(QUEUE, connection=lab.rq, serializer=JSONSerializer).failed_job_registry.requeue(
            job_of(lab, task)
        )
        wait_for(lambda: bot.told, "the message")


def test_a_webhook_that_hangs_delays_no_other(api: ApiServer, lab: Lab, ports: dict[str, int]) -> None:
    with receiver(ports["bot"]) as bot, receiver(ports["other"]) as other:
        bot.answer = bot.hang
        hanging = [submitted(api, lab) for _ in range(20)]
        for task in hanging:
            lab.ending.end(task, done())
        wait_for(lambda: len(bot.told) >= 4, "four messages at once")
        lab.ending.end(submitted(api, lab, "other"), done())
        wait_for(lambda: other.told, "the other's message")
        assert api.http.get("/livez").status_code == 200
        assert len(bot.told) < 20, "most of those that hang still wait"
        wait_for(lambda: lab.client.zcard(SCHEDULED) >= 4, "the end of patience")
        assert 'error="no answer within 5 s", again in 5 s' in api.log()


def test_another_process_continues_the_deliveries_of_a_killed_one(
    apart: tuple[str, redis.Redis], bot: Receiver, tmp_path: Path
) -> None:
    redis_url, client = apart
    bot.answer = bot.hang
    settings = settings_for(bot=bot.url())
    with running_api(redis_url, tmp_path, **settings) as api:
        lab = api.lab(client)
        task = submitted(api, lab)
        lab.ending.end(task, done())
        wait_for(lambda: bot.told, "the first try")
        api.process.kill()
    bot.answer = lambda: 204
    with running_api(redis_url, tmp_path, **settings):
        make_due(lab, STARTED)
        job_is(lab, task, "finished")
    assert [told.delivery for told in bot.told] == [f"{task.id}.1"] * 2


def test_a_stock_rq_worker_can_deliver(
    apart: tuple[str, redis.Redis], bot: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings_for(bot=bot.url()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STORAGE_PATH", str(tmp_path))
    lab = Lab(tmp_path, apart[1])
    task = lab.submit(callback="bot")
    lab.ending.end(task, done())
    SimpleWorker([QUEUE], connection=lab.rq, serializer=JSONSerializer).work(burst=True)
    assert job_of(lab, task).get_status() == "finished"
    assert [told.message["text"] for told in bot.told] == ["guten Tag"]


@pytest.mark.parametrize("name", ["nobody", "http://127.0.0.1:1/", "bot,other", "../bot", "b" * 5000])
def test_only_registered_webhooks_are_accepted(api: ApiServer, name: str) -> None:
    answer = api.submit(tone(1), callback=name)
    assert (answer.status_code, answer.json()["field"]) == (422, "callback")
    assert api.parts_left() == []


async def test_a_private_address_is_refused_when_it_is_connected_to(bot: Receiver) -> None:
    poster = Poster(allow_private=False)
    for host in ("localhost", "127.0.0.1", "[::ffff:127.0.0.1]"):
        with pytest.raises(PostFailed, match="private address"):
            await poster.post(f"http://{host}:{bot.port}/", {}, b"{}")
    await poster.close()
    assert bot.told == []


@pytest.mark.parametrize("order", [("127.0.0.1", "93.184.216.34"), ("93.184.216.34", "127.0.0.1")])
async def test_a_name_with_one_private_address_is_refused(
    bot: Receiver, monkeypatch: pytest.MonkeyPatch, order: tuple[str, str]
) -> None:
    """Otherwise the private one would be connected to as soon as the public one does not answer."""
    resolve = socket.getaddrinfo

    def both(host: Any, *args: Any, **kwargs: Any) -> Any:
        hosts = order if host == "bot.example" else (host,)
        return [entry for each in hosts for entry in resolve(each, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    poster = Poster(allow_private=False)
    with pytest.raises(PostFailed, match="private address"):
        await poster.post(f"http://bot.example:{bot.port}/", {}, b"{}")
    await poster.close()
    assert bot.told == []


@asynccontextmanager
async def patient_bot() -> AsyncIterator[tuple[int, list[list[bytes]]]]:
    """Run a receiver that keeps its connections open; yield its port and the bodies on each connection."""
    bodies: list[list[bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append([])
        with contextlib.suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                bodies[-1].append(await reader.readexactly(2))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], bodies
    server.close()


async def test_each_message_has_a_connection_of_its_own() -> None:
    """A connection kept open would be one to an address that was checked a while ago."""
    poster = Poster(allow_private=True)
    async with patient_bot() as (port, bodies):
        for number in range(3):
            await poster.post(f"http://127.0.0.1:{port}/", {"Content-Length": "2"}, b"%02d" % number)
    await poster.close()
    assert bodies == [[b"00"], [b"01"], [b"02"]]


async def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to another address a moment later is not resolved again."""
    asked: list[Any] = []
    resolve = socket.getaddrinfo

    def rebinding(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in ("bot.example", b"bot.example"):
            return resolve(host, *args, **kwargs)
        asked.append(host)
        return resolve("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    poster = Poster(allow_private=True)
    async with patient_bot() as (port, bodies):
        await poster.post(f"http://bot.example:{port}/", {"Content-Length": "2"}, b"{}")
    await poster.close()
    assert bodies == [[b"{}"]]
    assert len(asked) == 1
