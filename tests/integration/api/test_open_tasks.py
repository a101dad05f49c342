"""`GET /api/v1/tasks`: what waits and what is in work, page by page, at a bounded cost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis
from api_server import ApiServer, running_api
from task_lab import Lab, done, make_task, make_worker

from voxq.core.task import Lane, Task
from voxq.queue import claiming, documents, enqueueing
from voxq.queue.claiming import TaskExecution
from voxq.queue.listing import MOST_LOOKED_AT

KEYS = {name: f"key-of-{name}-0123456789" for name in ("anna", "ben", "root")}


def pages(http: httpx.Client, who: str | None = None, **params: Any) -> Iterator[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {KEYS[who]}"} if who else {}
    cursor = ""
    while True:
        answer = http.get("/api/v1/tasks", params={**params, "cursor": cursor}, headers=headers)
        assert answer.status_code == 200, answer.text
        yield answer.json()
        cursor = answer.json().get("next_cursor")
        if cursor is None:
            return


def listed(http: httpx.Client, who: str | None = None, **params: Any) -> list[dict[str, Any]]:
    return [task for page in pages(http, who, **params) for task in page["tasks"]]


def ids(tasks: list[dict[str, Any]]) -> list[str]:
    return [task["task_id"] for task in tasks]


def test_what_is_in_work_comes_first_then_what_waits_in_order(api: ApiServer, lab: Lab) -> None:
    long = lab.submit(owner="anonymous", lane=Lane.LONG, duration=100.0)
    short = [lab.submit(owner="anonymous", duration=20.0) for _ in range(3)]
    text = lab.submit(owner="anonymous", kind="tts")
    high = lab.submit(owner="anonymous", lane=Lane.HIGH)
    ended = lab.submit(owner="anonymous", lane=Lane.HIGH)
    lab.ending.end(ended, done())
    worker = make_worker()
    (started,) = lab.claim(worker, {Lane.HIGH: 1})
    assert started == high
    document = documents.processing(high, progress=25, text="so far", started_at=time.time() - 10)
    held = TaskExecution(high, "x")
    lab.run(claiming.register(lab.store, worker, held, time.time(), document))

    found = listed(api.http)
    assert ids(found) == [each.id for each in (high, *short, text, long)]
    first = found[0]
    assert first["estimated_left"] == pytest.approx(30, abs=3)
    assert {name: first[name] for name in ("kind", "status", "lane", "progress")} == {
        "kind": "asr",
        "status": "processing",
        "lane": "high",
        "progress": 25,
    }
    assert "text" not in first and "owner" not in first
    assert [(task["kind"], task["position"]) for task in found[1:]] == [
        ("asr", 1),
        ("asr", 2),
        ("asr", 3),
        ("tts", 1),
        ("asr", 4),
    ]
    assert all(0 <= task["age"] < 60 for task in found)
    state = api.http.get(found[2]["result_url"]).json()
    assert (state["task_id"], state["position"]) == (short[1].id, 2)
    assert state["estimated_wait"] == found[2]["estimated_wait"] > 0

    assert ids(listed(api.http, status="processing")) == [high.id]
    assert ids(listed(api.http, status="queued", limit=2)) == ids(found[1:])


def test_a_cursor_that_is_none_is_refused(api: ApiServer, lab: Lab) -> None:
    lab.submit(owner="anonymous")
    for wrong in ("x", "queued", "queued.asr.short", "done.asr.short.", "queued.no.short.", "\x00", "." * 50):
        answer = api.http.get("/api/v1/tasks", params={"cursor": wrong})
        assert (answer.status_code, answer.json()["field"]) == (422, "cursor"), wrong
    answer = api.http.get("/api/v1/tasks", params={"cursor": "queued.asr.short.", "status": "processing"})
    assert answer.status_code == 422
    for wrong in ({"limit": 0}, {"limit": 101}, {"status": "done"}, {"limit": "x"}, {"owner": "ben"}):
        assert api.http.get("/api/v1/tasks", params=wrong).status_code == 422, wrong
    whatever = api.http.get("/api/v1/tasks", params={"cursor": 'queued.asr.short."]\x01 redis.call()'})
    assert whatever.status_code == 200


def test_a_task_that_leaves_the_lane_hides_no_other(api: ApiServer, lab: Lab) -> None:
    tasks = [lab.submit(owner="anonymous") for _ in range(6)]
    page = api.http.get("/api/v1/tasks", params={"limit": 2}).json()
    assert ids(page["tasks"]) == [each.id for each in tasks[:2]]
    assert lab.claim(make_worker(), {Lane.SHORT: 3}) == tasks[:3]
    rest = api.http.get("/api/v1/tasks", params={"limit": 100, "cursor": page["next_cursor"]}).json()
    assert set(ids(rest["tasks"])) >= {each.id for each in tasks[3:]}


def test_junk_in_redis_is_left_out(api: ApiServer, lab: Lab) -> None:
    tasks = [lab.submit(owner="anonymous") for _ in range(3)]
    lab.client.set(lab.store.task_key(tasks[1].id), '{"run": 1, "status": "queued"}')
    lab.client.lpush("rq:queue:asr-queue", "stranger.job", "\x00")
    lab.client.rpush("rq:queue:asr-queue:intermediate", "stranger")
    lab.client.hset("asr:waiting", "stranger.job", "[]")
    for limit in (1, 2, 100):
        assert ids(listed(api.http, limit=limit)) == [tasks[0].id, tasks[2].id]


@pytest.fixture(scope="module")
def keyed(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    keys = {"API_KEYS": f"anna:{KEYS['anna']},ben:{KEYS['ben']}", "ADMIN_KEYS": f"root:{KEYS['root']}"}
    with running_api(valkey, tmp_path_factory.mktemp("keyed"), **keys) as server:
        yield server


def test_each_key_sees_its_own_and_an_admin_everything(keyed: ApiServer, client: redis.Redis) -> None:
    lab = keyed.lab(client)
    tasks = {owner: [lab.submit(owner=owner) for _ in range(2)] for owner in ("anna", "ben")}
    (taken,) = lab.claim(make_worker(), {Lane.SHORT: 1})
    assert taken == tasks["anna"][0]
    for owner, own in tasks.items():
        assert set(ids(listed(keyed.http, owner, limit=1))) == {each.id for each in own}
    everything = listed(keyed.http, "root")
    assert Counter(task["owner"] for task in everything) == {"anna": 2, "ben": 2}
    assert keyed.http.get("/api/v1/tasks").status_code == 401
    bens_view = listed(keyed.http, "ben")
    assert [task["position"] for task in bens_view] == [2, 3], "places are those among the tasks of all"


def test_ten_thousand_tasks_cost_a_page_no_more_than_a_few(keyed: ApiServer, client: redis.Redis) -> None:
    lab = keyed.lab(client)
    tasks = [make_task(owner="anna") for _ in range(10_000)] + [make_task(owner="ben")]
    _enqueue(lab, tasks)

    started, before = time.perf_counter(), _calls(client)
    first = next(pages(keyed.http, "anna", limit=100))
    spent = {name: count - before.get(name, 0) for name, count in _calls(client).items()}
    print(f"a page of 100 took {(time.perf_counter() - started) * 1000:.0f} ms, {sum(spent.values())} calls")
    assert len(first["tasks"]) == 100
    assert spent["get"] <= 110, "documents of what is told, and not of what waits"
    assert spent["hget"] <= 1000

    started, before = time.perf_counter(), _calls(client)
    count = 0
    for page in pages(keyed.http, "ben", limit=100):
        count += 1
        mine = page["tasks"]
    assert count > 1, "a page ends after 10 000 tasks of others"
    spent = {name: number - before.get(name, 0) for name, number in _calls(client).items()}
    assert spent["hget"] <= (MOST_LOOKED_AT + 50) * spent["evalsha"], "Redis serves nobody else meanwhile"
    print(f"the last of 10001 was found with {count} pages in {time.perf_counter() - started:.2f} s")
    assert ids(mine) == [tasks[-1].id]
    assert mine[0]["position"] == 10_001
    slowest = max((each["duration"] for each in client.slowlog_get(128)), default=0)
    print(f"the slowest command took {slowest / 1000:.1f} ms")
    assert len({*ids(listed(keyed.http, "root", limit=100))}) == 10_001


def _enqueue(lab: Lab, tasks: list[Task]) -> None:
    for task in tasks:
        lab.run(enqueueing.enqueue(lab.store, task, limited=False))


def _calls(client: redis.Redis) -> dict[str, int]:
    """Calls of each command so far, those inside of scripts included."""
    stats: dict[str, Any] = client.info("commandstats")  # pyright: ignore[reportAssignmentType]
    return {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}
