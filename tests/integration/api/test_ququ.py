"""QuQu's API, asked as its clients ask it, with whisper-base and a language model behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import llm_server as fake
import pytest
from api_server import NOTE, ApiServer, running_api, tone
from llm_server import MODEL, LlmServer, llm_server
from worker_lab import WorkerLab

import voxq

KEY = "annas-secret-key"
SPOKEN = "嗯，我们那个周三下午三点在三号会议室开会"
WRITTEN = "我们周三下午三点在三号会议室开会。"


def writes(said: str) -> str:
    """Write a sentence as one would, and otherwise change nothing but marks."""
    return WRITTEN if said == SPOKEN else said.replace("，", "；")


@pytest.fixture(scope="module")
def server() -> Iterator[LlmServer]:
    with llm_server(write=writes) as server:
        yield server


@pytest.fixture(scope="module")
def shared_lab(
    valkey: str, server: LlmServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerLab]:
    settings: dict[str, Any] = {"asr_engine": "faster-whisper", "asr_model": "whisper-base"}
    settings["llm_providers"] = f"local={server.url}/v1|{MODEL}"
    lab = WorkerLab(tmp_path_factory.mktemp("ququ"), valkey, asr_language="zh", **settings)
    lab.client.flushall()
    lab.worker()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def shared_api(shared_lab: WorkerLab) -> Iterator[ApiServer]:
    environ = shared_lab.settings.environ()
    environ |= {"API_KEYS": f"anna:{KEY}"}
    del environ["REDIS_URL"], environ["STORAGE_PATH"]
    with running_api(str(shared_lab.settings.redis_url), shared_lab.root, **environ) as api:
        api.http.headers["Authorization"] = f"Bearer {KEY}"
        yield api


@pytest.fixture
def api(shared_api: ApiServer, server: LlmServer, shared_lab: WorkerLab) -> ApiServer:
    """Return the API; no request finds an earlier task, and the language model is well."""
    server.faults.clear()
    server.asked.clear()
    shared_lab.forget_fingerprints()
    return shared_api


def transcribed(api: ApiServer, path: str = "transcribe", sound: bytes = NOTE, **form: str) -> httpx.Response:
    return api.http.post(f"/api/asr/{path}", files={"audio": ("note.ogg", sound)}, data=form)


def optimized(api: ApiServer, text: str = SPOKEN, **fields: Any) -> httpx.Response:
    return api.http.post("/api/llm/optimize", json={"text": text, **fields})


def test_a_recording_is_transcribed(api: ApiServer) -> None:
    answer = transcribed(api, use_vad="true", use_punc="true", hotword="")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert list(body) == ["success", "text", "raw_text", "duration", "language"]
    assert body["success"] is True and body["language"] == "zh-CN"
    assert "天气" in body["text"] and "天气" in body["raw_text"]
    assert body["duration"] == pytest.approx(10, abs=1)
    assert answer.headers["x-voxq-cache"] == "miss"
    assert transcribed(api).headers["x-voxq-cache"] == "hit", "the same request finds its task"
    assert api.parts_left() == []


def test_the_task_is_urgent_and_keeps_the_options(api: ApiServer, shared_lab: WorkerLab) -> None:
    answer = transcribed(api, use_vad="False", use_punc="0", hotword="公园 散步，天气")
    ended = shared_lab.parts.journal.ended(answer.headers["x-voxq-task"], 1)
    assert ended is not None
    options: Any = ended.task.options
    assert (options.use_vad, options.use_punc) == (False, False)
    assert options.hotwords == ("公园", "散步", "天气")
    assert ended.task.lane == "high"


def test_silence_is_no_failure(api: ApiServer) -> None:
    body = transcribed(api, sound=tone(2)).json()
    assert (body["success"], body["text"], body["language"]) == (True, "", "und")


@pytest.mark.parametrize("mode", ["optimize", "format", "punctuate"])
def test_a_text_is_optimized(api: ApiServer, mode: str) -> None:
    text = SPOKEN if mode != "punctuate" else "今天开会，明天休息"
    answer = optimized(api, text, mode=mode, custom_prompt=None)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "success": True,
        "original_text": text,
        "optimized_text": writes(text),
        "mode": mode,
        "model": MODEL,
    }


def test_a_text_is_treated_as_its_client_says(api: ApiServer, server: LlmServer) -> None:
    wish = "请改成会议通知的语气"
    answer = optimized(api, mode="custom", custom_prompt=wish)
    assert (answer.status_code, answer.json()["mode"]) == (200, "custom")
    assert answer.json()["optimized_text"] == WRITTEN
    assert wish in server.chats[0].prompt


def test_a_recording_is_transcribed_and_optimized(api: ApiServer) -> None:
    plain = transcribed(api).json()
    answer = transcribed(api, "transcribe-and-optimize", optimize_mode="optimize")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert {name: body[name] for name in plain} == plain == body["asr_result"]
    assert body["original_text"] == body["recognized_text"] == plain["text"]
    assert body["optimized_text"] == writes(plain["text"])
    assert body["mode"] == body["optimize_mode"] == "optimize"
    assert body["model"] == MODEL and "optimize_error" not in body


def test_what_was_said_can_stay_as_it_was(api: ApiServer, server: LlmServer) -> None:
    body = transcribed(api, "transcribe-and-optimize", optimize_mode="none").json()
    assert body["optimized_text"] == body["text"] != ""
    assert (body["optimize_mode"], body["model"], server.chats) == ("none", "", [])


def test_a_transcript_outlives_its_language_model(api: ApiServer, server: LlmServer) -> None:
    server.faults.extend([fake.failed(401)] * 4)
    answer = transcribed(api, "transcribe-and-optimize")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["success"] is True
    assert "天气" in body["text"] and body["optimized_text"], "by rules"
    assert body["optimize_error"]
    server.faults.clear()
    again = transcribed(api, "transcribe-and-optimize").json()
    assert "optimize_error" not in again, "what failed is tried once more"
    assert again["optimized_text"] == writes(body["text"])


def test_a_step_whose_place_rules_have_taken_can_be_retried(api: ApiServer, server: LlmServer) -> None:
    server.faults.extend([fake.failed(401)] * 4)
    answer = transcribed(api, "transcribe-and-optimize", hotword="公园")
    task_id = answer.headers["x-voxq-task"]
    done = api.http.get(f"/api/v1/asr/result/{task_id}").json()
    step = done["steps"]["rewrite"]
    assert (step["status"], done["rewritten"]["mode"]) == ("done", "light")
    assert done["rewritten"]["reason_code"] == "llm_key_refused"
    server.faults.clear()
    assert api.http.post(step["retry_url"]).status_code == 200
    again = api.http.get(f"/api/v1/asr/result/{task_id}", params={"wait": 30}).json()
    assert (again["rewritten"]["mode"], again["text"]) == ("optimize", done["text"])
    assert "retry_url" not in again["steps"]["rewrite"]
    assert api.http.post(step["retry_url"]).status_code == 409


def test_an_unfaithful_text_is_not_taken(api: ApiServer, server: LlmServer) -> None:
    server.write = lambda said: "我们周五上午九点在八号会议室开会。"
    try:
        body = optimized(api, mode="optimize").json()
    finally:
        server.write = writes
    assert body["success"] is True and body["optimize_error"]
    assert "三点" in body["optimized_text"] and "九点" not in body["optimized_text"]


def test_rules_take_the_place_of_a_language_model_that_fails(api: ApiServer, server: LlmServer) -> None:
    server.faults.extend([fake.failed(401)] * 4)
    body = optimized(api, mode="optimize").json()
    assert body["success"] is True and "local" in body["optimize_error"]
    assert body["optimized_text"] and "嗯" not in body["optimized_text"]
    server.faults.clear()
    again = optimized(api, mode="optimize").json()
    assert "optimize_error" not in again, "what failed is tried once more"
    assert again["optimized_text"] == WRITTEN


def test_a_language_model_that_fails_is_a_failure_of_the_text(api: ApiServer, server: LlmServer) -> None:
    server.faults.extend([fake.failed(401)] * 4)
    answer = optimized(api, mode="punctuate")
    assert answer.status_code == 502
    body = answer.json()
    assert (body["success"], body["code"]) == (False, "llm_key_refused")
    assert body["error"] and body["task_id"]


def test_the_status_names_models_device_and_provider(api: ApiServer) -> None:
    body = api.http.get("/api/status").json()
    assert body == {
        "success": True,
        "service": {"name": "VoxQ", "version": voxq.__version__, "ready": True},
        "models": body["models"],
        "device": "cpu",
        "provider": "local",
        "funasr": {"success": True, "initialized": True},
        "ollama": {"success": True, "available": True},
        "gpu_available": False,
    }
    assert body["models"][0] == "whisper-base"
    answer = httpx.get(f"{api.url}/api/status", trust_env=False)
    assert (answer.status_code, answer.json()["success"]) == (401, False)


def test_the_health_needs_no_key(api: ApiServer) -> None:
    answer = httpx.get(f"{api.url}/api/health", trust_env=False)
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert answer.json()["status"] == "ready"


def test_errors_are_in_the_language_of_the_client(api: ApiServer) -> None:
    answer = api.http.post("/api/llm/optimize", json={"text": " "}, headers={"Accept-Language": "zh-CN"})
    assert (answer.status_code, answer.headers["content-language"]) == (422, "zh")
    assert "不能为空" in answer.json()["error"]
    assert answer.json()["success"] is False
