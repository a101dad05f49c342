"""Choice of models: clients may request those that workers report."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from api_server import ApiServer, tone
from task_lab import Lab, make_worker
from worker_lab import wait_for

from voxq.queue import claiming
from voxq.queue.keys import WORKERS_KEY

GPU = {"total_mb": 24000, "used_mb": 6000}
SENSEVOICE = {
    "name": "sensevoice",
    "state": "ready",
    "memory_mb": 1400,
    "load_seconds": 4.5,
    "batch_items": 16,
    "batch_padded_seconds": 30.0,
    "replicas": 2,
    "speed_short": 28.1,
    "speed_long": 6.4,
}
WHISPER = {"name": "whisper-base", "state": "loading"}


def beat(lab: Lab, number: int, **facts: Any) -> None:
    ours = {"id": number, "state": "ready", "engine": "e", "model": "m", "device": "cuda:0", "held": 0}
    told = {**ours, "host": "box", "beat": time.time(), **facts}
    lab.run(claiming.beat(lab.store, make_worker(), [], time.time(), 30, told))


@pytest.fixture
def overview(api: ApiServer, lab: Lab) -> None:
    """Register two workers on two GPUs, with reports of the format that workers use."""
    beat(
        lab,
        1,
        models=["sensevoice", "whisper-base"],
        resident=[SENSEVOICE],
        memory=GPU,
        loads=2,
        load_seconds_total=9.0,
        switches=1,
        out_of_memory=3,
    )
    beat(lab, 2, device="cuda:1", models=["sensevoice", "calls"], resident=[WHISPER])
    _wait_for_a_look(api, "calls")


def _wait_for_a_look(api: ApiServer, name: str) -> None:
    """Wait until the API has read the workers' reports, which it does once a second."""

    def names() -> list[str]:
        return [model["name"] for model in api.http.get("/api/v1/models").json()["models"]]

    wait_for(lambda: name in names(), f"the model {name}", 30)


@pytest.fixture(scope="class")
def forgotten(valkey: str) -> Iterator[None]:
    """Make the API forget the workers afterwards, for the following tests."""
    yield
    with redis.Redis.from_url(valkey) as connection:
        connection.delete(WORKERS_KEY)
    time.sleep(1.1)


@pytest.mark.usefixtures("forgotten", "overview")
class TestWithWorkers:
    @pytest.mark.parametrize(
        ("wanted", "name"),
        [(None, None), ("Calls", "calls"), ("whisper-1", "sensevoice"), ("base", "whisper-base")],
    )
    def test_a_model_of_any_worker_can_be_requested(
        self, api: ApiServer, lab: Lab, wanted: str | None, name: str | None
    ) -> None:
        task = lab.journal.open_task(api.submitted(tone(1), **({"model": wanted} if wanted else {})))
        assert task is not None
        assert task.options.model == name

    @pytest.mark.parametrize("wanted", ["no-such-model", "tts-1", "\x1b[31mred\n", "../../etc/passwd"])
    def test_an_unknown_model_is_refused_and_the_upload_deleted(self, api: ApiServer, wanted: str) -> None:
        before = set((api.storage / "recordings").iterdir())
        answer = api.submit(tone(1), model=wanted)

        assert answer.status_code == 404
        assert answer.json() == {
            "error": "Model not found",
            "code": "model_not_found",
            "model": wanted.strip().replace("\x1b", r"\x1b"),
            "models": ["sensevoice", "whisper-base", "calls"],
        }
        assert api.parts_left() == []
        assert set((api.storage / "recordings").iterdir()) == before

    def test_an_uninstalled_model_is_refused_with_the_command_that_installs_it(self, api: ApiServer) -> None:
        answer = api.submit(tone(1), model="Systran/faster-whisper-large-v3")
        assert (answer.status_code, answer.json()["code"]) == (404, "model_not_found")
        assert "voxq models pull whisper-large-v3" in answer.json()["error"]

    def test_a_wrong_model_is_refused_before_the_recording_is_read(self, api: ApiServer) -> None:
        where = urlsplit(api.url)
        body = b'--xyz\r\nContent-Disposition: form-data; name="model"\r\n\r\nnobody\r\n--xyz\r\n'
        head = (
            "POST /api/v1/asr/submit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n"
            "Content-Type: multipart/form-data; boundary=xyz\r\n\r\n"
        )
        with socket.create_connection((where.hostname or "", where.port or 0), timeout=60) as connection:
            connection.sendall(head.encode() + body)
            assert b" 404 " in connection.recv(4096)
        assert api.parts_left() == []

    def test_a_language_is_checked_against_the_model(self, api: ApiServer) -> None:
        assert api.submit(tone(1), language="yue").status_code == 200
        assert api.submit(tone(1), language="fr", model="whisper-base").status_code == 200
        refused = api.submit(tone(1), language="fr")
        assert (refused.status_code, refused.json()["field"]) == (422, "language")
        assert "zh, yue, en, ja, ko: sensevoice supports no other" in refused.json()["error"]

    def test_the_list_describes_models_and_where_they_are_loaded(self, api: ApiServer) -> None:
        body = api.http.get("/api/v1/models").json()
        sensevoice, whisper, calls = body["models"]

        assert body["default"] == "sensevoice"
        assert [model["is_default"] for model in body["models"]] == [True, False, False]
        assert {"whisper-1", "sensevoice-small", "iic/sensevoicesmall"} <= set(sensevoice["aliases"])
        assert sensevoice["engine"] == "funasr"
        assert sensevoice["language_codes"] == ["zh", "yue", "en", "ja", "ko"]
        assert sensevoice["resident"] == [{"device": "cuda:0", "host": "box", "state": "ready"}]
        assert (whisper["engine"], whisper["licence"]) == ("faster-whisper", "MIT")
        assert "base" in whisper["aliases"]
        assert whisper["resident"] == [{"device": "cuda:1", "host": "box", "state": "loading"}]
        assert (calls["engine"], calls["licence"], calls["aliases"]) == (None, None, [])

    def test_stats_describe_devices(self, api: ApiServer) -> None:
        body = api.http.get("/api/v1/stats").json()
        first, second = body["devices"]

        assert first == {
            "device": "cuda:0",
            "host": "box",
            "workers": [1],
            "total_mb": 24000,
            "used_mb": 6000,
            "free_mb": 18000,
            "utilization_percent": 25.0,
            "avg_load_time_seconds": 4.5,
            "total_switches": 1,
            "resident": [SENSEVOICE],
        }
        assert (second["device"], second["total_mb"]) == ("cuda:1", None)
        worker = body["workers"][0]
        assert worker["resident"] == [SENSEVOICE]
        assert (worker["host"], worker["out_of_memory"], worker["switches"]) == ("box", 3, 1)


def test_without_workers_the_installed_models_are_listed(api: ApiServer, lab: Lab) -> None:
    body = api.http.get("/api/v1/models").json()
    assert body["default"] == body["models"][0]["name"] == "whisper-base"
    for wanted in ("whisper-base", "whisper-1", "BASE"):
        assert api.submit(tone(1), model=wanted).status_code == 200
    assert api.submit(tone(1), model="calls").json()["models"][0] == "whisper-base"
