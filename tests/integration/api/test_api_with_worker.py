"""API with a real worker: the worker reports the available models and where they are loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_server import ApiServer, running_api
from worker_lab import WorkerLab, wait_for


@pytest.fixture
def service(redis_url: str, tmp_path: Path) -> Iterator[ApiServer]:
    """Start an API without settings for models, and a worker with two models."""
    lab = WorkerLab(
        tmp_path, redis_url, asr_engine="noop", asr_model="noop", asr_models="second=noop:sleep-1ms"
    )
    try:
        with running_api(redis_url, tmp_path) as api:
            lab.worker()
            yield api
    finally:
        lab.close()


def test_a_task_is_processed_by_the_requested_model(service: ApiServer) -> None:
    def models() -> dict[str, list[str]]:
        listed = service.http.get("/api/v1/models").json()["models"]
        return {model["name"]: [place["state"] for place in model["resident"]] for model in listed}

    wait_for(lambda: "second" in models(), "the worker's models")
    answered = [
        service.http.get(f"/api/v1/asr/result/{service.submitted(**fields)}", params={"wait": 60}).json()
        for fields in ({}, {"model": "Second"}, {"model": "whisper-1"})
    ]
    assert [answer.get("model") for answer in answered] == ["noop", "second", "noop"], answered

    wait_for(lambda: models()["second"] == models()["noop"] == ["ready"], "both models to be ready")
    [device] = service.http.get("/api/v1/stats").json()["devices"]
    assert {model["name"] for model in device["resident"]} == {"noop", "second"}
    assert device["total_switches"] == 1
    assert device["free_mb"] == device["total_mb"] - device["used_mb"] > 0
    assert device["avg_load_time_seconds"] > 0
