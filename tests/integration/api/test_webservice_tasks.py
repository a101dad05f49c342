"""Tasks behind the routes of whisper-asr-webservice: limits, keys, hostile input, and clients that go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from api_server import NOTE, RECORDINGS, ApiServer, running_api
from bazarr import samples_of
from worker_lab import WorkerLab, wait_for

ANNA = "annas-secret-key"
PATHS = ("/asr", "/detect-language")
SAMPLES = samples_of(RECORDINGS / "zh_note.ogg")
_SECOND = 32_000


@pytest.fixture(scope="module")
def shared_lab(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerLab]:
    lab = WorkerLab(tmp_path_factory.mktemp("webservice"), valkey, max_inflight=8)
    lab.client.flushall()
    lab.worker()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def api(shared_lab: WorkerLab) -> Iterator[ApiServer]:
    settings = {"API_KEYS": f"anna:{ANNA}", "MAX_UPLOAD_MB": "1", "MAX_AUDIO_SECONDS": "20"}
    with running_api(str(shared_lab.settings.redis_url), shared_lab.root, **settings) as server:
        server.http.headers["Authorization"] = f"Bearer {ANNA}"
        yield server


def posted(api: ApiServer, path: str, content: bytes = NOTE, **query: str) -> httpx.Response:
    return api.http.post(path, params=query, files={"audio_file": content})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("content", "query", "status", "code"),
    [
        (b"", {"encode": "false"}, 400, "empty"),
        (b"no sound at all", {}, 400, "undecodable"),
        (bytes(1 << 20), {"encode": "false"}, 413, "too_large"),
        (NOTE, {"encode": "perhaps"}, 422, "invalid_option"),
        (NOTE, {"langage": "en"}, 422, "invalid_option"),
        (b"OggS" + bytes(5000), {"encode": "false"}, 400, "undecodable"),
    ],
)
def test_what_is_refused(
    api: ApiServer, path: str, content: bytes, query: dict[str, str], status: int, code: str
) -> None:
    answer = posted(api, path, content, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.parts_left() == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"language": "klingon"}, "language"),
        ({"output": "docx"}, "output"),
        ({"task": "summarise"}, "task"),
        ({"diarize": "true"}, "diarize"),
        ({"detect_lang_length": "30"}, "detect_lang_length"),
    ],
)
def test_invalid_parameters_of_asr_are_named(api: ApiServer, query: dict[str, str], field: str) -> None:
    answer = posted(api, "/asr", **query)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"detect_lang_offset": "11"}, "detect_lang_offset"),
        ({"detect_lang_offset": "-1"}, "detect_lang_offset"),
        ({"detect_lang_offset": "nan"}, "detect_lang_offset"),
        ({"detect_lang_length": "0"}, "detect_lang_length"),
        ({"detect_lang_length": "1e9"}, "detect_lang_length"),
        ({"language": "en"}, "language"),
    ],
)
def test_invalid_parameters_of_detection_are_named(api: ApiServer, query: dict[str, str], field: str) -> None:
    answer = posted(api, "/detect-language", **query)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert api.parts_left() == []


@pytest.mark.parametrize("path", PATHS)
def test_parameters_in_the_form_are_refused(api: ApiServer, path: str) -> None:
    answer = api.http.post(path, files={"audio_file": NOTE}, data={"output": "srt"})
    assert (answer.status_code, answer.json()["fields"]) == (422, ["audio_file"])
    answer = api.http.post(path, files={"file": NOTE})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_form")
    assert "audio_file" in answer.json()["error"]
    assert api.parts_left() == []


def test_a_recording_that_is_too_long(api: ApiServer) -> None:
    samples = bytes(21 * _SECOND)
    answer = posted(api, "/asr", samples, encode="false")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_long")
    assert posted(api, "/detect-language", samples, encode="false", detect_lang_length="5").status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_key_is_needed(api: ApiServer, path: str) -> None:
    files = {"audio_file": NOTE}
    answer = httpx.post(f"{api.url}{path}", params={"foo": "1"}, files=files, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_words_of_a_prompt_are_hotwords(api: ApiServer, shared_lab: WorkerLab) -> None:
    answer = posted(api, "/asr", initial_prompt="Aimee, and so the three of them went home. Ben Nevis")
    task = api.http.get(f"/api/v1/asr/result/{answer.headers['x-voxq-task']}")
    assert task.json()["status"] == "done"
    [(_, hotwords)] = shared_lab.calls()[-1]
    assert hotwords == ("Aimee",)


def test_a_task_whose_client_has_gone_is_cancelled(api: ApiServer, shared_lab: WorkerLab) -> None:
    shared_lab.close_gate()
    shared_lab.forget_fingerprints()

    async def ask_and_go() -> str:
        headers = {"Authorization": f"Bearer {ANNA}"}
        async with httpx.AsyncClient(base_url=api.url, trust_env=False, headers=headers) as http:
            query = {"encode": "false", "initial_prompt": "gated"}
            files = {"audio_file": SAMPLES}
            asking = asyncio.create_task(http.post("/asr", params=query, files=files))
            task_id = await asyncio.to_thread(waiting, shared_lab)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            return task_id

    task_id = asyncio.run(ask_and_go())
    shared_lab.client.zadd("asr:leases", {task_id: 1})  # as if it had expired
    result = f"/api/v1/asr/result/{task_id}"
    wait_for(lambda: api.http.get(result).json()["status"] == "cancelled", "the janitor")
    shared_lab.open_gate()


def waiting(lab: WorkerLab) -> str:
    """Return the only task with a lease."""
    [task_id] = wait_for(lambda: lab.client.zrange("asr:leases", 0, -1), "a lease")
    return str(task_id)
