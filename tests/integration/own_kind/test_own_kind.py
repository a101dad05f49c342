"""A kind of task that is one module goes all the way, like those that are built in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis
from api_server import ApiServer
from own_kind import StartWorker, end_of, submitted
from worker_process import wait_for


def test_a_task_of_the_test_kind_is_processed_completely(
    api: ApiServer, worker: StartWorker, client: redis.Redis
) -> None:
    worker()
    task_id = submitted(api)
    result = end_of(api, task_id)
    assert (result["status"], result["text"]) == ("done", "3 sentences")
    assert result["steps"] == {"check": {"status": "done", "result": {"checked": 3}}}
    (record,) = api.http.get("/api/v1/count/history").json()["records"]
    assert record["task_id"] == task_id
    metrics = api.http.get("/metrics").text
    assert 'voxq_tasks_total{kind="count",status="done"} 1.0' in metrics
    assert api.http.get("/api/v1/stats").json()["kinds"]["count"]["tasks"]["done"] == 1
    assert api.http.get("/api/v1/count/queue/status").json()["queued"] == 0
    assert "/api/v1/count/submit" in api.http.get("/openapi.json").json()["paths"]
    refused = api.http.post("/api/v1/count/submit", json={"text": "x", "colour": "red"})
    assert refused.status_code == 422
    (line,) = (api.storage / "logs" / "count_history.jsonl").read_text().splitlines()
    assert json.loads(line)["task_id"] == task_id
    assert api.http.delete(f"/api/v1/count/task/{task_id}").status_code == 200


def test_an_optional_step_fails_alone_and_is_retried_alone(
    api: ApiServer, worker: StartWorker, tmp_path: Path
) -> None:
    worker()
    task_id = submitted(api, fault="foreign")
    result = end_of(api, task_id)
    assert (result["status"], result["text"]) == ("done", "3 sentences")
    failed = result["steps"]["check"]
    assert (failed["status"], failed["code"]) == ("failed", "language_unavailable")
    assert api.http.post(failed["retry_url"].replace("check", "measure")).status_code == 404
    said = (tmp_path / "calls.spoken").read_text().splitlines()

    assert api.http.post(failed["retry_url"]).status_code == 200
    wait_for(lambda: end_of(api, task_id)["steps"]["check"]["status"] == "done", "the step alone", 60)
    again = end_of(api, task_id)
    assert (again["text"], again["segments"]) == (result["text"], result["segments"])
    assert again["steps"]["check"]["result"] == {"checked": 3}
    later = (tmp_path / "calls.spoken").read_text().splitlines()[len(said) :]
    assert len(later) == 3 and all(line.startswith("checked ") for line in later), (
        "nothing else is done again"
    )
    assert api.http.post(failed["retry_url"]).status_code == 409, "it did not fail this time"
    assert api.http.get("/api/v1/stats").json()["kinds"]["count"]["tasks"]["done"] == 1


@pytest.mark.parametrize("code", ["crash", "nonsense"])
def test_a_crash_in_an_optional_step_costs_no_result(api: ApiServer, worker: StartWorker, code: str) -> None:
    worker()
    result = end_of(api, submitted(api, fault=code))
    assert (result["status"], result["text"]) == ("done", "3 sentences")
    assert result["steps"]["check"]["status"] == "failed"
    assert result["attempts"] == 1


def test_a_killed_worker_costs_only_the_chunk_in_progress(
    api: ApiServer, worker: StartWorker, tmp_path: Path
) -> None:
    first = worker()
    task_id = submitted(api, fault="gated")
    calls = tmp_path / "calls.spoken"
    kept = api.storage / "work" / f"{task_id}.1" / "chunks.jsonl"
    wait_for(lambda: calls.exists() and "gated" in calls.read_text(), "its second step", 60)
    wait_for(lambda: kept.exists() and kept.read_text().count("\n") >= 3, "the results of its first step", 60)
    first.kill()
    (tmp_path / "calls.gate").touch()
    worker()
    wait_for(lambda: api.http.get(f"/api/v1/count/result/{task_id}").json()["status"] == "done", "it", 90)
    result = end_of(api, task_id)
    assert result["steps"]["check"] == {"status": "done", "result": {"checked": 3}}
    sentences = [line for line in calls.read_text().splitlines() if line.startswith(("One", "Four", "Seven"))]
    assert len(sentences) == 3, "the first step is not done again"
