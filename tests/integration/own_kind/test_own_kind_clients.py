"""What clients have of a kind of task that is one module: webhooks, events, commands, cached results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from api_server import ApiServer
from event_stream import event_stream
from own_kind import TEXT, StartWorker, Voxq, end_of, submission, submitted
from webhook_receiver import SECRET, Receiver, receiver
from worker_process import wait_for


@pytest.fixture
def bot() -> Iterator[Receiver]:
    with receiver() as ours:
        yield ours


@pytest.fixture
def environment(environment: dict[str, str], bot: Receiver) -> dict[str, str]:
    return environment | {
        "WEBHOOKS": f"bot={bot.url()}",
        "WEBHOOK_SECRETS": f"bot:{SECRET}",
        "WEBHOOK_ALLOW_PRIVATE": "true",
    }


def test_a_webhook_is_notified_of_its_end(api: ApiServer, worker: StartWorker, bot: Receiver) -> None:
    worker()
    task_id = submitted(api, callback="bot")
    result = end_of(api, task_id)
    wait_for(lambda: bot.told, "the message", 60)
    (told,) = bot.told
    assert told.delivery == f"{task_id}.1"
    assert {name: told.message[name] for name in ("task_id", "kind", "status", "text")} == {
        "task_id": task_id,
        "kind": "count",
        "status": "done",
        "text": "3 sentences",
    }
    assert api.http.get(told.message["result_url"]).json() == result


def test_a_text_that_is_too_long_is_refused(api: ApiServer) -> None:
    refused = api.http.post("/api/v1/count/submit", json={"text": "a" * 100_001})
    assert (refused.status_code, refused.json()["max_text_characters"]) == (413, 100_000)


def test_its_events_range_from_the_queue_to_its_end(api: ApiServer, worker: StartWorker) -> None:
    task_id = submitted(api)
    url = f"{api.url}/api/v1/count/events/{task_id}"
    with event_stream(url) as stream:
        queued = next(stream)
        assert (queued.name, queued.data["position"]) == ("queued", 1)
        worker()
        *between, last = stream
    assert between and {event.name for event in between} == {"progress"}
    assert (last.name, last.data) == ("done", end_of(api, task_id))
    with event_stream(url, seen=last.id) as stream:
        assert stream.answer.status_code == 204
    with event_stream(url.replace("/count/", "/tts/")) as stream:
        assert stream.answer.status_code == 404


def test_commands_show_it_while_it_waits(api: ApiServer, voxq: Voxq) -> None:
    task_id = submitted(api)
    counts = json.loads(voxq("queue", "--json"))
    assert (counts["queued"], counts["kinds"]["count"]["queued"]) == (1, 1)
    assert [line.split()[:3] for line in voxq("queue").splitlines() if "count" in line] == [
        ["texts", "(count)", "1"]
    ]
    state = json.loads(voxq("task", task_id, "--json"))
    assert (state["status"], state["position"]) == ("queued", 1)
    voxq("task", task_id, "--delete")
    assert "cancelled" in voxq("task", task_id)


def test_commands_show_how_it_ended(api: ApiServer, worker: StartWorker, voxq: Voxq) -> None:
    worker()
    done, failed = submitted(api), submitted(api, text="A foreign word.")
    assert (end_of(api, done)["status"], end_of(api, failed)["status"]) == ("done", "failed")
    assert "3 sentences" in voxq("task", done)
    assert voxq("task", done, "--format", "text").strip() == "3 sentences"
    ended = {record["task_id"]: record for record in json.loads(voxq("history", "--json"))}
    assert {task_id: (each["kind"], each["status"]) for task_id, each in ended.items()} == {
        done: ("count", "success"),
        failed: ("count", "failed"),
    }
    (listed,) = json.loads(voxq("queue", "failed", "--json"))
    assert (listed["task_id"], listed["kind"]) == (failed, "count")

    assert "queued again" in voxq("queue", "requeue", "--all")
    wait_for(lambda: len(runs(api, failed)) == 2, "its second run", 60)
    assert "removed" in voxq("queue", "purge", "--all")
    assert json.loads(voxq("queue", "failed", "--json")) == []
    assert api.http.get(f"/api/v1/count/result/{failed}").status_code == 404


def runs(api: ApiServer, task_id: str) -> list[dict[str, Any]]:
    """Lines of the history's file about a task, one for each run that ended."""
    lines = (api.storage / "logs" / "count_history.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["task_id"] == task_id]


def test_it_is_restored_after_redis_has_lost_everything(
    api: ApiServer, worker: StartWorker, client: redis.Redis
) -> None:
    first = worker()
    ended = submitted(api)
    result = end_of(api, ended)
    first.stop()
    waiting = submitted(api)
    client.flushall()
    worker()
    assert api.http.get(f"/api/v1/count/result/{ended}").json() == result
    is_there = f"/api/v1/count/result/{waiting}"
    wait_for(lambda: api.http.get(is_there).json().get("status") == "done", "it", 90)
    assert end_of(api, waiting)["text"] == "3 sentences"


def test_an_identical_request_can_use_the_cache(api: ApiServer, worker: StartWorker) -> None:
    first_worker = worker()
    first = submission(api, cache=True)
    assert first.headers["x-voxq-cache"] == "miss"
    result = end_of(api, first.json()["task_id"])
    first_worker.stop()  # so that nothing can be made again

    again = submission(api, cache=True)
    assert (again.headers["x-voxq-cache"], again.json()["status"]) == ("hit", "done")
    assert again.json()["task_id"] != first.json()["task_id"]
    repeated = end_of(api, again.json()["task_id"])
    assert (repeated["text"], repeated["segments"]) == (result["text"], result["segments"])

    for others in ({"text": f"{TEXT} Ten."}, {"fault": "foreign"}):
        assert submission(api, cache=True, **others).headers["x-voxq-cache"] == "miss"
    assert "x-voxq-cache" not in submission(api).headers, "nobody asked for it"
