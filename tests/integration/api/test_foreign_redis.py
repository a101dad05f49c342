"""With any foreign data under our keys in Redis, the API responds, and never with a 500."""

from __future__ import annotations

from typing import Any

import pytest
from api_server import ApiServer, tone
from every_route import calls
from task_lab import Lab, done
from worker_lab import wait_for

from voxq.queue import foreign_keys

JUNK = [b"", b"junk", b"[]", b"{}", b"null", b"\xff\x00", b'{"task_id": 5, "status": "done"}', b"[" * 50_000]


@pytest.fixture
def document(api: ApiServer) -> dict[str, Any]:
    """Return the API's own document, with GET operations only."""
    document = api.http.get("/openapi.json").json()
    asked = {path: {"get": each["get"]} for path, each in document["paths"].items() if "get" in each}
    return {"paths": asked}


def assert_no_500(api: ApiServer, document: dict[str, Any], task_id: str, what: str) -> None:
    wrong = [answer for answer in calls(api.url, document, task_id) if answer.status == 500]
    assert not wrong, (what, list(map(str, wrong)))


@pytest.fixture
def ended(api: ApiServer, lab: Lab) -> str:
    wait_for(lambda: api.http.get("/api/v1/models").status_code == 200, "what a test before has left")
    task_id = api.submitted(tone(1))
    task = lab.journal.open_task(task_id)
    assert task is not None
    lab.ending.end(task, done())
    return task_id


def test_shared_keys_of_another_type(api: ApiServer, lab: Lab, document: dict[str, Any], ended: str) -> None:
    types = foreign_keys.expected(lab.parts.stores.values())
    groups = [[name] for name in types if name.startswith(("asr:", "voxq:"))]
    for names in [*groups, list(types)]:
        before = {name: lab.rq.dump(name) for name in names}
        for name in names:
            lab.rq.delete(name)
            lab.rq.sadd(name, "foreign") if types[name] == "string" else lab.rq.set(name, "foreign")
        assert_no_500(api, document, ended, f"{names}")
        for name, dump in before.items():
            lab.rq.delete(name)
            if dump:
                lab.rq.restore(name, 0, dump)
    assert api.http.get(f"/api/v1/asr/result/{ended}").json()["status"] == "done"


@pytest.mark.parametrize("junk", JUNK)
def test_invalid_values_under_our_keys_cause_no_traceback(
    api: ApiServer, lab: Lab, document: dict[str, Any], ended: str, junk: bytes
) -> None:
    lab.rq.lpush("asr:history:latest", junk)
    lab.rq.lpush("asr:stats:samples", junk)
    lab.rq.hset("voxq:workers", "stranger", junk)
    lab.rq.hset("asr:stats", "done", junk)
    lab.rq.hset("voxq:counters", junk, junk)
    lab.rq.rpush("rq:queue:asr-queue", junk)
    lab.rq.zadd("rq:failed:asr-queue", {junk: 4e9})
    lab.rq.set(lab.store.task_key(ended), junk)
    assert_no_500(api, document, ended, repr(junk[:20]))
    assert api.http.get(f"/api/v1/asr/result/{ended}").json()["status"] == "done", "out of the journal"
    assert api.http.get("/api/v1/asr/history").json()["records"][0]["task_id"] == ended
