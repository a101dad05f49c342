"""Clocks that jump, days that end, and tasks that wait for longer than their results are kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Semaphore

import pytest
import redis
from api_server import ApiServer, running_api, tone
from task_lab import Lab, make_task, make_worker
from worker_lab import NOTE, WorkerLab, wait_for

from voxq.api.monitoring.workers import WorkerFacts, WorkerOverview
from voxq.core.outcome import elapsed
from voxq.core.task import Lane, Status, age_order, day_of, is_task_id, new_task_id
from voxq.queue import claiming, enqueueing
from voxq.queue.claiming import CLAIM_TTL, Capacity
from voxq.recovery.janitor import Janitor

HOUR = 3600
CLOCKS = Path(__file__).parent.parent / "support" / "shifted_clock"


@pytest.fixture
def lab(tmp_path: Path, client: redis.Redis) -> Lab:
    return Lab(tmp_path / "storage", client)


@pytest.mark.parametrize("hours", [1, -1], ids=["forward", "back"])
def test_tasks_in_progress_survive_a_jump_of_the_clock(make_lab, tmp_path: Path, hours: int) -> None:
    """Tasks in an engine, waiting and submitted afterwards end once, without blame."""
    clock = tmp_path / "clock"
    clock.write_text("0")
    shifted = {"PYTHONPATH": f"{CLOCKS}:{CLOCKS.parent}", "VOXQ_TEST_CLOCK": str(clock)}
    lab: WorkerLab = make_lab(max_inflight=2, result_ttl=24 * HOUR)
    worker = lab.worker(**shifted)
    tasks = [lab.submit(NOTE, "gated"), *(lab.submit(NOTE) for _ in range(3))]
    wait_for(lab.calls, "the first chunk")
    clock.write_text(str(hours * HOUR))
    wait_for(
        lambda: abs(lab.facts(1).get("beat", 0) - time.time() - hours * HOUR) < 60, "a beat by the new clock"
    )
    tasks += [lab.submit(NOTE), lab.submit_text("Said after the jump.")]
    time.sleep(2.5)  # rounds of the janitor
    lab.open_gate()
    outcomes = lab.wait_for_ends(tasks)
    assert [(o.status, o.attempts, o.incidents) for o in outcomes] == [(Status.DONE, 1, ())] * len(tasks)
    assert len(lab.calls()) == 5, "nothing ran twice"
    assert all(o.timings.queued >= 0 and o.timings.total >= 0 for o in outcomes)
    assert all(o.timings.engine < HOUR / 2 for o in outcomes), "durations do not jump"
    clock.write_text("0")
    again = [lab.submit(NOTE) for _ in range(2)]
    lab.wait_for_ends(again)
    lab.assert_ended_once([*tasks, *again])
    assert "requeued" not in worker.log
    assert worker.stop() < lab.settings.shutdown_seconds


def test_tasks_of_a_worker_that_died_before_the_clock_was_put_back_continue(lab: Lab) -> None:
    """Entries whose expiry the last heartbeat set would live for another hour, and with them the worker's
    tasks."""
    dead, alive = make_worker(), make_worker()
    taken, claimed = lab.submit(), lab.submit()
    lab.beat(dead)
    held = lab.take(dead)
    lab.claim(dead)
    lane = lab.store.queues[held.task.lane]
    for task in (taken, claimed):
        lab.client.expire(f"asr:claim:{task.id}", HOUR + CLAIM_TTL)
    for entry in lab.client.zrange(f"rq:wip:{lane}", 0, -1):
        lab.client.zadd(f"rq:wip:{lane}", {entry: time.time() + HOUR})
        lab.client.expire(f"rq:execution:{entry}", HOUR + CLAIM_TTL)
    assert lab.recovery.bring_back_dead() == 0, "it may be alive"
    expiring = [key for pattern in ("asr:claim:*", "rq:execution:*") for key in lab.client.keys(pattern)]
    assert len(expiring) == 4, "a claim and an execution of each"
    assert all(0 < lab.client.ttl(key) <= CLAIM_TTL for key in expiring)
    lab.client.delete(*expiring)  # in fifteen seconds
    assert lab.recovery.bring_back_dead() == 2
    assert {task.id for task in lab.drain(alive)} == {taken.id, claimed.id}


def test_a_dead_worker_gets_no_share_of_waiting_tasks_after_the_clock_was_put_back(lab: Lab) -> None:
    capacity = {"held": {}, "free": {lab.store.queues[lane]: 1 for lane in Lane}, "models": []}
    lab.client.hset("asr:rooms", "dead", json.dumps(capacity | {"gone": time.time() + HOUR}))
    task = lab.submit()
    holder = Capacity(dict.fromkeys(Lane, 1), dict.fromkeys(Lane, 1))  # the other task would come first
    taken = lab.run(claiming.claim(lab.store, make_worker(), holder, time.time()))
    assert [claimed.task_id for claimed in taken.claimed] == [task.id]


def test_a_janitor_that_died_before_the_clock_was_put_back_is_replaced(lab: Lab) -> None:
    lab.client.set("voxq:janitor", "s:dead", ex=HOUR)
    janitor = Janitor(lab.client, lab.recovery, [], storage="s")
    janitor.start()
    try:
        wait_for(lambda: lab.client.ttl("voxq:janitor") <= 10, "a lock that expires soon", 30)
    finally:
        janitor.stop()


def test_a_worker_with_a_heartbeat_in_the_future_counts_as_dead() -> None:
    facts = WorkerFacts(1, "ready", "e", "m", "cpu", beat=1000.0 + HOUR, held=0)
    assert WorkerOverview.of([facts], {}, now=1000.0).ready == 0
    assert WorkerOverview.of([facts], {}, now=1000.0 + HOUR).ready == 1
    assert (elapsed(1000.0, 2000.5), elapsed(2000.0, 1000.0)) == (1000.5, 0.0)


def test_a_task_may_wait_for_longer_than_results_are_kept(tmp_path: Path, client: redis.Redis) -> None:
    lab = Lab(tmp_path / "storage", client, result_ttl=HOUR, max_recordings=10)
    long_ago = time.time() - 50 * HOUR
    task = lab.submit(created_at=long_ago, accepted_at=long_ago, id=new_task_id(long_ago, 1))
    lab.recover()
    assert lab.status(task) == "queued"
    lab.drain(make_worker())
    assert HOUR - 60 < lab.client.ttl(lab.store.task_key(task.id)) <= HOUR
    lab.recover()
    assert lab.journal.ended(task.id, 1) is not None, "its time begins with its end"
    assert lab.blobs.exists(task.file)
    lab.client.flushall()
    lab.recover()
    assert lab.status(task) == "done", "also out of the journal"


def test_fifty_tasks_at_midnight_have_distinct_names_and_numbers(lab: Lab) -> None:
    """Half of them arrive a second before midnight, half a second after; all are accepted on the next day."""
    # clocks in Europe change on this day, but not in UTC
    midnight = datetime(2026, 3, 29, tzinfo=UTC).timestamp()

    def check_entry(number: int) -> str:
        entry = lab.run(enqueueing.entry(lab.store, midnight + (1 if number % 2 else -1), None, "anna"))
        return new_task_id(entry.opened_at, entry.number)

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(check_entry, range(50)))
    days = [age_order(task_id) for task_id in ids]
    assert sorted(days) == [(day, n) for day in ("2026-03-28", "2026-03-29") for n in range(1, 26)]
    assert len(set(ids)) == 50


def test_an_upload_that_spans_midnight_keeps_the_number_of_its_day(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day changes while the body is being sent."""
    clock = tmp_path / "clock"
    now = time.time()
    to_midnight = 86400 - now % 86400
    clock.write_text(str(to_midnight - 600))
    monkeypatch.setenv("PYTHONPATH", str(CLOCKS))
    monkeypatch.setenv("VOXQ_TEST_CLOCK", str(clock))
    with running_api(redis_url, tmp_path) as api:

        async def body() -> AsyncIterator[bytes]:
            head = b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
            yield head + tone(1)
            await asyncio.sleep(0.5)
            clock.write_text(str(to_midnight + 600))
            yield b"\r\n--b--\r\n"

        answer = asyncio.run(_post(api, body))
        assert answer["task_id"].startswith(f"{day_of(now)}_001_")
        record = json.loads((api.storage / f"journal/open/{answer['task_id']}.json").read_text())
        assert record["created_at"] > now + to_midnight
        assert api.submitted(tone(1)).startswith(f"{day_of(now + 86400)}_001_")


async def _post(api: ApiServer, body: Callable[[], AsyncIterator[bytes]]) -> dict[str, str]:
    import httpx

    async with httpx.AsyncClient(base_url=api.url, trust_env=False, timeout=30) as client:
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = await client.post("/api/v1/asr/submit", content=body(), headers=kind)
        assert answer.status_code == 200, answer.text
        return answer.json()


def test_a_day_may_have_more_than_999_tasks(redis_url: str, tmp_path: Path, client: redis.Redis) -> None:
    with running_api(redis_url, tmp_path) as api:
        today = day_of(time.time())
        client.set(f"asr:day:{today}", 997)
        ids = [api.submitted(tone(1)) for _ in range(4)]
        lab = api.lab(client)
        assert [task_id[len(today) :].split("_")[1] for task_id in ids] == ["998", "999", "1000", "1001"]
        assert all(map(is_task_id, ids))
        assert lab.journal.open_ids() == ids, "in order of their age, and not of their letters"
        lab.drain(make_worker())
        assert [api.http.get(f"/api/v1/asr/result/{each}").json()["status"] for each in ids] == ["done"] * 4
        assert [api.http.get(f"/api/v1/asr/audio/{each}").status_code for each in ids] == [200] * 4
        client.flushall()
        lab.recover()
        assert api.submitted(tone(1)).startswith(f"{today}_1002_"), "a Redis that came back empty goes on"


def test_history_can_be_read_while_it_changes(redis_url: str, tmp_path: Path, client: redis.Redis) -> None:
    """New records are added and old ones dropped all the time; none is listed twice."""
    settings = {"MAX_HISTORY_RECORDS": "400", "API_KEYS": "anna:the-key-of-anna"}
    with running_api(redis_url, tmp_path, **settings) as api, ThreadPoolExecutor(1) as pool:
        key = "asr:history:latest"
        record = {"owner": "somebody", "text": "", "status": "success", "duration": 1.0, "worker_id": 1}
        record |= {"run": 1, "created_at": "2026-01-01T00:00:00Z"}

        def item(number: int, owner: str) -> str:
            task = make_task()
            return json.dumps(record | {"task_id": task.id, "file": task.file, "owner": owner, "n": number})

        items = [item(n, "anna" if n % 4 == 0 else "somebody") for n in range(400)]
        anna = {"Authorization": "Bearer the-key-of-anna"}
        ends = Semaphore(0)

        def push() -> None:
            for _ in range(20 * 20):
                ends.acquire()
                client.lpush(key, *(item(1000, "somebody") for _ in range(5)))
                client.ltrim(key, 0, 399)

        pushing = pool.submit(push)
        try:
            for _ in range(20):
                client.delete(key)
                client.rpush(key, *items)
                ends.release(20)
                answer = api.http.get("/api/v1/asr/history", params={"limit": 100}, headers=anna)
                assert answer.status_code == 200
                shown = [each["task_id"] for each in answer.json()["records"]]
                assert len(shown) == len(set(shown))
        finally:
            ends.release(20 * 20)
            pushing.result()
