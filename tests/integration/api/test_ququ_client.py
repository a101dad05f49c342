"""The calls of QuQu's client, byte for byte as its HTTP library in a browser window makes them: another base
URL is all that it needs."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from api_server import NOTE, ApiServer, running_api
from llm_server import MODEL, LlmServer, llm_server
from worker_lab import WorkerLab, wait_for

from voxq.settings import Settings

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
HEADERS = {
    "Accept": "application/json, text/plain, */*",
    "Accept-Language": "zh-CN",
    "Origin": "http://localhost:5173",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 QuQu/1.0 Electron/36.0",
}
SAID = "这个嗯那个就是说测试一下"


@pytest.fixture(scope="module")
def server() -> Iterator[LlmServer]:
    with llm_server() as server:
        yield server


@pytest.fixture(scope="module")
def lab(valkey: str, server: LlmServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerLab]:
    lab = WorkerLab(tmp_path_factory.mktemp("client"), valkey, llm_providers=f"local={server.url}/v1|{MODEL}")
    lab.client.flushall()
    lab.worker()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def api(lab: WorkerLab) -> Iterator[ApiServer]:
    origins = {"CORS_ORIGINS": HEADERS["Origin"]}
    with running_api(str(lab.settings.redis_url), lab.root, **origins) as api:
        yield api


def form(**fields: str) -> bytes:
    """Encode a form with the recording as its first part, as a browser does."""
    file = 'name="audio"; filename="audio.wav"\r\nContent-Type: audio/wav'
    parts = [(file.encode(), NOTE)]
    parts += [(f'name="{name}"'.encode(), value.encode()) for name, value in fields.items()]
    lines = [
        b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (BOUNDARY.encode(), head, body)
        for head, body in parts
    ]
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()


def posted_form(api: ApiServer, path: str, **fields: str) -> httpx.Response:
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return api.http.post(path, content=form(**fields), headers=HEADERS | kind)


def posted_json(api: ApiServer, path: str, content: Any) -> httpx.Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return api.http.post(path, content=body, headers=HEADERS | {"Content-Type": "application/json"})


def test_it_asks_for_health_and_status_first(api: ApiServer) -> None:
    health = api.http.get("/api/health", headers=HEADERS | {"Content-Type": "application/json"})
    assert (health.status_code, health.json()["success"]) == (200, True)
    status = api.http.get("/api/status", headers=HEADERS).json()
    assert status["success"] is True
    assert status["funasr"]["initialized"] is True and status["ollama"]["available"] is True
    assert status["gpu_available"] is False


def test_it_has_a_recording_transcribed(api: ApiServer) -> None:
    fields = {"use_vad": "true", "use_punc": "true", "hotword": ""}
    answer = posted_form(api, "/api/asr/transcribe", **fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == HEADERS["Origin"]
    body = answer.json()
    assert body["success"] is True
    assert {name: type(body[name]) for name in ("text", "raw_text", "duration", "language")} == {
        "text": str,
        "raw_text": str,
        "duration": float,
        "language": str,
    }


@pytest.mark.parametrize("mode", ["optimize", "format", "punctuate"])
def test_it_has_a_text_optimized(api: ApiServer, mode: str) -> None:
    answer = posted_json(api, "/api/llm/optimize", {"text": SAID, "mode": mode, "custom_prompt": None})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["success"], body["original_text"], body["mode"]) == (True, SAID, mode)
    assert body["optimized_text"] and body["model"] == MODEL


def test_it_has_a_text_treated_by_its_own_prompt(api: ApiServer, server: LlmServer) -> None:
    asked = {"text": SAID, "mode": "custom", "custom_prompt": "改成书面语"}
    body = posted_json(api, "/api/llm/optimize", asked).json()
    assert (body["success"], body["mode"]) == (True, "custom")
    assert "改成书面语" in server.chats[-1].prompt


@pytest.mark.parametrize("mode", ["optimize", "none"])
def test_it_has_a_recording_transcribed_and_optimized(api: ApiServer, mode: str) -> None:
    fields = {"use_vad": "true", "use_punc": "true", "hotword": "", "optimize_mode": mode}
    answer = posted_form(api, "/api/asr/transcribe-and-optimize", **fields)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["success"] is True and body["optimize_mode"] == mode
    assert body["recognized_text"] == body["asr_result"]["text"] == body["text"]
    assert body["optimized_text"]


@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        ("/api/asr/transcribe", {"use_vad": "perhaps"}, "use_vad"),
        ("/api/asr/transcribe", {"use_punc": "2"}, "use_punc"),
        ("/api/asr/transcribe", {"hotword": "../words.txt"}, "hotword"),
        ("/api/asr/transcribe-and-optimize", {"optimize_mode": "translate"}, "optimize_mode"),
        ("/api/asr/transcribe-and-optimize", {"optimize_mode": "custom"}, "custom_prompt"),
    ],
)
def test_what_it_did_wrong_is_said_with_its_own_names(
    api: ApiServer, path: str, fields: dict[str, str], field: str
) -> None:
    answer = posted_form(api, path, **fields)
    body = answer.json()
    assert (answer.status_code, body["success"], body["field"]) == (422, False, field)
    assert field in body["error"]


@pytest.mark.parametrize("path", ["/api/asr/transcribe", "/api/llm/optimize"])
def test_its_tasks_wait_in_the_high_lane(api: ApiServer, lab: WorkerLab, path: str) -> None:
    if path.endswith("optimize"):
        answer = posted_json(api, path, {"text": f"{SAID}，高优先级", "mode": "optimize"})
    else:
        answer = posted_form(api, path, hotword="优先")
    ended = lab.parts.journal.ended(answer.headers["x-voxq-task"], 1)
    assert ended is not None and ended.task.lane == "high"


def test_it_is_answered_within_the_ten_minutes_that_it_waits() -> None:
    longest = Settings.model_fields["openai_timeout_seconds"].default
    assert 570 <= longest < 600, "or the client would give up first, and never learn why"


def test_a_browser_may_ask_from_another_origin(api: ApiServer) -> None:
    asked = {
        "Origin": HEADERS["Origin"],
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = api.http.options("/api/llm/optimize", headers=asked)
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] == HEADERS["Origin"]


def test_a_connection_that_breaks_off_within_the_form_leaves_nothing(api: ApiServer) -> None:
    host, port = httpx.URL(api.url).host, httpx.URL(api.url).port
    assert port is not None
    body = form(use_vad="true")
    head = (
        f"POST /api/asr/transcribe HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    )
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(head.encode() + body[: len(body) // 2])
    assert api.http.get("/api/health").status_code == 200
    wait_for(lambda: api.parts_left() == [], "the end of the upload")
