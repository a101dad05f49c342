"""A kind of task that is one module and made from a recording goes all the way, without routes of its own."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import redis
from api_server import NOTE, ApiServer
from own_kind import StartWorker, Voxq, end_of
from worker_process import wait_for

SUBMIT = "/api/v1/spans/submit"


def submission(api: ApiServer, recording: bytes = NOTE, **fields: str) -> httpx.Response:
    return api.http.post(SUBMIT, files={"audio": ("../note.ogg", recording)}, data=fields)


def submitted(api: ApiServer, **fields: str) -> str:
    """The id of a task that was submitted."""
    answer = submission(api, **fields)
    assert answer.status_code == 200, answer.text
    return answer.json()["task_id"]


def lengths(result: dict[str, Any]) -> list[float]:
    """Seconds of each span."""
    return [segment["end"] - segment["start"] for segment in result["segments"]]


def test_a_task_of_the_test_kind_is_processed_completely(api: ApiServer, worker: StartWorker) -> None:
    worker()
    task_id = submitted(api, color="green", longest="3")
    result = end_of(api, task_id, "spans")
    assert result["status"] == "done" and result["text"] == f"{len(result['segments'])} spans"
    assert len(result["segments"]) >= 3 and max(lengths(result)) <= 3
    with_silence = end_of(api, submitted(api, longest="3", silence="true"), "spans")
    assert sum(lengths(with_silence)) == pytest.approx(with_silence["duration"], abs=0.1)
    assert sum(lengths(result)) < sum(lengths(with_silence))

    [record] = [
        each for each in api.http.get("/api/v1/spans/history").json()["records"] if each["task_id"] == task_id
    ]
    assert record["audio_url"] == result["audio_url"]
    assert api.http.get(result["audio_url"]).content == NOTE, "the recording can be fetched"
    assert 'voxq_tasks_total{kind="spans",status="done"} 2.0' in api.http.get("/metrics").text
    assert api.http.get("/api/v1/stats").json()["kinds"]["spans"]["tasks"]["done"] == 2
    line, _ = (api.storage / "logs" / "spans_history.jsonl").read_text().splitlines()
    assert json.loads(line)["task_id"] == task_id
    assert api.http.delete(f"/api/v1/spans/task/{task_id}").status_code == 200
    assert api.http.get(result["audio_url"]).status_code == 404


def test_its_form_is_documented_and_checked(api: ApiServer) -> None:
    [described] = api.http.get("/openapi.json").json()["paths"][SUBMIT].values()
    form = described["requestBody"]["content"]["multipart/form-data"]["schema"]
    own = {"longest", "silence", "fault", "color"}
    assert form["properties"].keys() == {"audio", "priority", "callback", "cache"} | own
    assert (form["required"], form["properties"]["color"]["enum"]) == (["audio", "longest"], ["red", "green"])

    for fields, field in (
        ({"use_vad": "true"}, "use_vad"),
        ({"label": "red"}, "label"),
        ({"longest": "31"}, "longest"),
        ({"longest": "long"}, "longest"),
        ({"silence": "perhaps"}, "silence"),
        ({"color": "blue"}, "color"),
        ({"priority": "urgent"}, "priority"),
        ({"callback": "https://example.org"}, "callback"),
    ):
        refused = submission(api, **{"longest": "3"} | fields)
        assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
    refused = submission(api)
    assert (refused.status_code, refused.json()["field"]) == (422, "longest"), refused.text
    refused = submission(api, longest="3", colour="red")
    assert set(refused.json()["fields"]) == form["properties"].keys()
    for answer, status, code in (
        (api.http.post(SUBMIT, files={"longest": (None, "3")}), 400, "missing_audio"),
        (api.http.post(SUBMIT, files={"file": ("note", b"x")}, data={"longest": "3"}), 422, "invalid_option"),
        (api.http.post(SUBMIT, json={"audio": "x"}), 400, "bad_form"),
        (submission(api, b"no sound at all", longest="3"), 400, "undecodable"),
        (api.http.post(SUBMIT.replace("spans", "spins")), 404, "not_found"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert api.parts_left() == []
    assert api.http.get("/api/v1/spans/queue/status").json()["queued"] == 0


def test_its_options_may_come_after_the_recording(api: ApiServer) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(api.url).port or 0), 30) as connection:
        audio = ("audio", NOTE)
        parts = [part(*each) for each in (("color", b"red"), audio, ("longest", b"3"))] + [b"--x--\r\n"]
        head = f"POST {SUBMIT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {sum(map(len, parts))}\r\n"
        connection.sendall(head.encode() + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n")
        for each in parts:
            connection.sendall(each)
            time.sleep(0.3)  # so that the API sees one after another
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


def part(name: str, content: bytes) -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content + b"\r\n"


def test_a_repeated_request_is_the_same_task_or_has_the_same_result(
    api: ApiServer, worker: StartWorker
) -> None:
    form = {"files": {"audio": ("note", NOTE)}, "headers": {"Idempotency-Key": "once"}}
    first, second = (api.http.post(SUBMIT, **form, data={"longest": "3"}) for _ in range(2))
    assert first.json()["task_id"] == second.json()["task_id"]
    assert api.http.post(SUBMIT, **form, data={"longest": "4"}).status_code == 409

    ours = worker()
    made = submission(api, cache="true", longest="3", color="red")
    assert made.headers["x-voxq-cache"] == "miss"
    result = end_of(api, made.json()["task_id"], "spans")
    end_of(api, first.json()["task_id"], "spans")
    ours.stop()  # so that nothing can be made again
    again = submission(api, cache="true", longest="3", color="green")
    assert (again.headers["x-voxq-cache"], again.json()["status"]) == ("hit", "done")
    assert end_of(api, again.json()["task_id"], "spans")["segments"] == result["segments"]
    assert submission(api, cache="true", longest="4").headers["x-voxq-cache"] == "miss"


def test_a_killed_worker_costs_only_the_chunk_in_progress(
    api: ApiServer, worker: StartWorker, tmp_path: Path
) -> None:
    first = worker()
    calls = tmp_path / "calls.jsonl"
    task_id = submitted(api, longest="3", fault="gated-after-1")

    def given() -> list[Any]:
        """Chunks of the task that an engine was given."""
        chunks = [chunk for line in calls.read_text().splitlines() for chunk in json.loads(line)["chunks"]]
        return [seconds for seconds, hotwords in chunks if hotwords]

    wait_for(lambda: len(given()) > 1, "its second call", 60)
    first.kill()
    (tmp_path / "calls.gate").touch()
    worker()
    wait_for(lambda: api.http.get(f"/api/v1/spans/result/{task_id}").json()["status"] == "done", "it", 90)
    result = end_of(api, task_id, "spans")
    assert result["text"] == f"{len(result['segments'])} spans"
    assert len(given()) < 2 * len(result["segments"]), "the first call is not made again"


def test_it_is_restored_after_redis_has_lost_everything(
    api: ApiServer, worker: StartWorker, client: redis.Redis
) -> None:
    task_id = submitted(api, longest="3")
    client.flushall()
    worker()
    where = f"/api/v1/spans/result/{task_id}"
    wait_for(lambda: api.http.get(where).json().get("status") == "done", "it", 90)


def test_commands_show_its_tasks(api: ApiServer, worker: StartWorker, voxq: Voxq, tmp_path: Path) -> None:
    task_id = submitted(api, longest="3")
    counts = json.loads(voxq("queue", "--json"))
    assert (counts["queued"], counts["kinds"]["spans"]["queued"]) == (1, 1)
    worker()
    result = end_of(api, task_id, "spans")
    assert result["text"] in voxq("task", task_id)
    copy = tmp_path / "copy.ogg"
    voxq("task", task_id, "--output", str(copy))
    assert copy.read_bytes() == NOTE
    [ended] = json.loads(voxq("history", "--json"))
    assert (ended["task_id"], ended["kind"], ended["status"]) == (task_id, "spans", "success")
    voxq("task", task_id, "--delete")
    assert json.loads(voxq("history", "--json")) == []
