"""Tasks behind QuQu's API: hostile input, limits, the shape of failures, and clients that go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_server import NOTE, ApiServer, running_api, tone
from llm_server import HANGS, MODEL, LlmServer, llm_server
from valkey_lab import forgetful_server
from worker_lab import WorkerLab, wait_for

KEY = "annas-secret-key"
TRANSCRIBE = "/api/asr/transcribe"
BOTH = "/api/asr/transcribe-and-optimize"
OPTIMIZE = "/api/llm/optimize"
PATHS = (TRANSCRIBE, BOTH)


@pytest.fixture(scope="module")
def server() -> Iterator[LlmServer]:
    with llm_server() as server:
        yield server


@pytest.fixture(scope="module")
def shared_lab(
    valkey: str, server: LlmServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerLab]:
    providers = f"local={server.url}/v1|{MODEL}"
    lab = WorkerLab(tmp_path_factory.mktemp("ququ"), valkey, max_inflight=8, llm_providers=providers)
    lab.client.flushall()
    lab.worker()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def api(shared_lab: WorkerLab) -> Iterator[ApiServer]:
    settings = {
        "API_KEYS": f"anna:{KEY}",
        "MAX_UPLOAD_MB": "1",
        "MAX_AUDIO_SECONDS": "20",
        "MAX_TEXT_CHARACTERS": "500",
        "OPENAI_TIMEOUT_SECONDS": "20",
    }
    with running_api(str(shared_lab.settings.redis_url), shared_lab.root, **settings) as server:
        server.http.headers["Authorization"] = f"Bearer {KEY}"
        yield server


def assert_failed(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    body = answer.json()
    assert (answer.status_code, body["success"], body["code"]) == (status, False, code), answer.text
    assert isinstance(body["error"], str) and body["error"]
    return body


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("content", "form", "status", "code"),
    [
        (b"", {}, 400, "empty"),
        (b"no sound at all", {}, 400, "undecodable"),
        (b"OggS" + bytes(5000), {}, 400, "undecodable"),
        (bytes(2 << 20), {}, 413, "too_large"),
        (tone(21), {}, 413, "too_long"),
        (NOTE, {"use_vad": "perhaps"}, 422, "invalid_option"),
        (NOTE, {"hotword": "http://127.0.0.1/words.txt"}, 422, "invalid_option"),
        (NOTE, {"hotword": "词 " * 101}, 422, "invalid_option"),
        (NOTE, {"priority": "low"}, 422, "invalid_option"),
        (NOTE, {"rewrite": "optimize"}, 422, "invalid_option"),
    ],
)
def test_recordings_that_are_refused(
    api: ApiServer, path: str, content: bytes, form: dict[str, str], status: int, code: str
) -> None:
    assert_failed(api.http.post(path, files={"audio": content}, data=form), status, code)
    assert api.parts_left() == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("hotword", ["/etc/passwd", "词 " * 101])
def test_errors_have_the_names_of_its_fields(api: ApiServer, path: str, hotword: str) -> None:
    answer = api.http.post(path, files={"audio": NOTE}, data={"hotword": hotword})
    body = assert_failed(answer, 422, "invalid_option")
    assert body["field"] == "hotword"
    assert body["error"].startswith("hotword ")


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/asr", "/api/transcribe", "/api/llm/translate", "/api/v2"]
)
def test_other_paths_have_the_errors_of_the_native_api(api: ApiServer, path: str) -> None:
    body = api.http.post(path).json()
    assert body["code"] == "not_found" and "success" not in body


@pytest.mark.parametrize("path", PATHS)
def test_forms_without_a_recording_are_refused(api: ApiServer, path: str) -> None:
    assert_failed(api.http.post(path, files={"file": NOTE}), 400, "bad_form")
    assert_failed(api.http.post(path, data={"use_vad": "true"}), 400, "bad_form")
    assert_failed(api.http.post(path, json={"audio": "aGVsbG8="}), 400, "bad_form")
    assert_failed(api.http.post(path), 400, "bad_form")
    assert api.parts_left() == []


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"optimize_mode": "translate"}, "optimize_mode"),
        ({"optimize_mode": "../../etc/passwd"}, "optimize_mode"),
        ({"optimize_mode": "custom"}, "custom_prompt"),
        ({"optimize_mode": "format", "custom_prompt": "be brief"}, "custom_prompt"),
        ({"optimize_mode": "none", "custom_prompt": "be brief"}, "custom_prompt"),
        ({"optimize_mode": "custom", "custom_prompt": "x" * 4001}, "custom_prompt"),
        ({"mode": "optimize"}, "mode"),
    ],
)
def test_wishes_that_are_refused_with_a_recording(api: ApiServer, form: dict[str, str], field: str) -> None:
    body = assert_failed(api.http.post(BOTH, files={"audio": NOTE}, data=form), 422, "invalid_option")
    assert body["field"] == field and field in body["error"]
    assert api.parts_left() == []


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"", 400, "bad_json"),
        (b"[]", 400, "bad_json"),
        (b'{"text": "\xff"}', 400, "bad_json"),
        (b"{}", 422, "invalid_option"),
        (b'{"text": null}', 422, "invalid_option"),
        (b'{"text": ["a"]}', 422, "invalid_option"),
        (b'{"text": " \\n"}', 422, "invalid_option"),
        (b'{"text": "Hello.", "mode": "summary"}', 422, "invalid_option"),
        (b'{"text": "Hello.", "mode": "light"}', 422, "invalid_option"),
        (b'{"text": "Hello.", "mode": 3}', 422, "invalid_option"),
        (b'{"text": "Hello.", "mode": "custom"}', 422, "invalid_option"),
        (b'{"text": "Hello.", "custom_prompt": "be brief"}', 422, "invalid_option"),
        (b'{"text": "Hello.", "provider": "other"}', 422, "invalid_option"),
        (b'{"text": "' + b"x" * 501 + b'"}', 413, "too_large"),
        (b'{"text": "' + b"x" * 200_000 + b'"}', 413, "too_large"),
    ],
)
def test_texts_that_are_refused(api: ApiServer, sent: bytes, status: int, code: str) -> None:
    assert_failed(api.http.post(OPTIMIZE, content=sent), status, code)


def test_every_failure_has_the_shape(api: ApiServer) -> None:
    for path in (*PATHS, OPTIMIZE, "/api/status"):
        bare = httpx.request(
            "GET" if path.endswith("status") else "POST", f"{api.url}{path}", trust_env=False
        )
        assert_failed(bare, 401, "unauthorized")
        assert bare.headers["www-authenticate"] == "Bearer"
    assert "success" not in api.http.post("/api/llm/translate").json()
    assert_failed(api.http.get(OPTIMIZE), 405, "method_not_allowed")
    assert_failed(api.http.get("/api/status", params={"foo": "1"}), 422, "invalid_option")
    native = api.http.get("/api/v1/asr/result/nobody").json()
    assert "success" not in native


def test_without_a_language_model_nothing_is_optimized(tmp_path: Path) -> None:
    with forgetful_server(tmp_path) as redis_url, running_api(redis_url, tmp_path) as bare:
        for answer in (
            bare.http.post(OPTIMIZE, json={"text": "Hello."}),
            bare.http.post(BOTH, files={"audio": NOTE}),
        ):
            assert_failed(answer, 400, "unsupported_value")
            assert "LLM_PROVIDERS" in answer.json()["error"]
        assert bare.parts_left() == []
        body = bare.http.get("/api/status").json()
        assert (body["service"]["ready"], body["device"], body["provider"]) == (False, "", None)
        assert_health(bare.http.get("/api/health"))


def assert_health(answer: httpx.Response) -> None:
    body = answer.json()
    assert (answer.status_code, body["success"], body["status"]) == (503, False, "unavailable")
    assert body["error"]


def test_a_failing_recognition_is_a_failure(api: ApiServer) -> None:
    answer = api.http.post(BOTH, files={"audio": NOTE}, data={"hotword": "fault-error"})
    assert answer.status_code == 500 and answer.json()["success"] is False
    assert answer.json()["error"] and answer.json()["task_id"]


@pytest.mark.parametrize("path", PATHS)
def test_a_recording_whose_client_has_gone_is_withdrawn(
    api: ApiServer, shared_lab: WorkerLab, path: str
) -> None:
    shared_lab.close_gate()
    shared_lab.forget_fingerprints()
    sent = {"files": {"audio": NOTE}, "data": {"hotword": "gated"}}
    task_id = asyncio.run(asked_and_gone(api, shared_lab, "asr", path, sent))
    assert_withdrawn(api, shared_lab, "asr", task_id)
    shared_lab.open_gate()


def test_a_text_whose_client_has_gone_is_withdrawn(
    api: ApiServer, shared_lab: WorkerLab, server: LlmServer
) -> None:
    server.faults.append(HANGS)
    sent = {"json": {"text": "So we meet on Friday, I think."}}
    task_id = asyncio.run(asked_and_gone(api, shared_lab, "text", OPTIMIZE, sent))
    assert_withdrawn(api, shared_lab, "text", task_id)


async def asked_and_gone(api: ApiServer, lab: WorkerLab, kind: str, path: str, sent: dict[str, Any]) -> str:
    """Ask, and go once there is a task; returns its id."""

    def leased() -> str:
        [task_id] = wait_for(lambda: lab.client.zrange(f"{kind}:leases", 0, -1), "a lease")
        return task_id

    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=api.url, trust_env=False, headers=headers, timeout=60) as http:
        asking = asyncio.create_task(http.post(path, **sent))
        task_id = await asyncio.to_thread(leased)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    return task_id


def assert_withdrawn(api: ApiServer, lab: WorkerLab, kind: str, task_id: str) -> None:
    lab.client.zadd(f"{kind}:leases", {task_id: 1})  # as if it had expired
    result = f"/api/v1/{kind}/result/{task_id}"
    wait_for(lambda: api.http.get(result).json()["status"] == "cancelled", "the janitor")


def test_a_request_waits_no_longer_than_the_operator_says(tmp_path: Path) -> None:
    with (
        forgetful_server(tmp_path) as redis_url,
        running_api(redis_url, tmp_path, OPENAI_TIMEOUT_SECONDS="1") as idle,
    ):
        body = assert_failed(idle.http.post(TRANSCRIBE, files={"audio": NOTE}), 504, "timeout")
        assert idle.http.get(f"/api/v1/asr/result/{body['task_id']}").json()["status"] == "queued"
