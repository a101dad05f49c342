"""Tasks behind OpenAI's API, with its SDK: joined, cached, abandoned, failed, slow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from api_server import NOTE, ApiServer, running_api, tone
from openai import AsyncOpenAI, OpenAI
from worker_lab import WorkerLab, wait_for

ANNA, BEN = "annas-secret-key", "bens-secret-key"


@pytest.fixture(scope="module")
def shared_lab(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerLab]:
    lab = WorkerLab(tmp_path_factory.mktemp("openai"), valkey, max_inflight=8)
    lab.client.flushall()
    lab.worker()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def api(shared_lab: WorkerLab) -> Iterator[ApiServer]:
    keys = {"API_KEYS": f"anna:{ANNA},ben:{BEN}", "OPENAI_TIMEOUT_SECONDS": "100", "MAX_UPLOAD_MB": "1"}
    with running_api(str(shared_lab.settings.redis_url), shared_lab.root, **keys) as server:
        server.http.headers["Authorization"] = f"Bearer {ANNA}"
        yield server


@pytest.fixture
def lab(shared_lab: WorkerLab) -> WorkerLab:
    """Close the gate and forget all earlier recordings."""
    shared_lab.close_gate()
    shared_lab.forget_fingerprints()
    return shared_lab


def sdk(api: ApiServer, key: str = ANNA, **options: Any) -> OpenAI:
    return OpenAI(base_url=f"{api.url}/v1", api_key=key, **options)


def ask(client: OpenAI, *hotwords: str, audio: bytes = NOTE, **fields: Any) -> Any:
    """Return the raw response."""
    extra = {"hotwords": " ".join(hotwords), **fields}
    create = client.audio.transcriptions.with_raw_response.create
    return create(file=("note", audio), model="whisper-1", extra_body=extra)


def ended(lab: WorkerLab) -> set[str]:
    return {task_id for task_id, _ in lab.parts.journal.ended_runs()}


def waiting(lab: WorkerLab) -> str:
    """Return the only task with a lease."""
    [task_id] = wait_for(lambda: lab.client.zrange("asr:leases", 0, -1), "a lease")
    return str(task_id)


def given_up(api: ApiServer, lab: WorkerLab, hotwords: str) -> str:
    """Return the task of a client that disconnects once the task exists."""

    async def ask_and_go() -> str:
        async with AsyncOpenAI(base_url=f"{api.url}/v1", api_key=ANNA) as client:
            create = client.audio.transcriptions.create
            asking = asyncio.create_task(
                create(file=("note", NOTE), model="whisper-1", extra_body={"hotwords": hotwords})
            )
            task_id = await asyncio.to_thread(waiting, lab)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            return task_id

    return asyncio.run(ask_and_go())


def test_a_retry_after_a_lost_connection_joins_its_task(api: ApiServer, lab: WorkerLab) -> None:
    calls = len(lab.calls())
    task_id = given_up(api, lab, "gated")
    lab.open_gate()
    answer = ask(sdk(api), "gated")
    # By now it may be done, and is found all the same.
    assert answer.headers["x-voxq-cache"] in ("joined", "hit")
    assert answer.headers["x-voxq-task"] == task_id
    assert len(lab.calls()) == calls + 1


def test_the_sdks_own_retries_make_one_task(api: ApiServer, lab: WorkerLab) -> None:
    before, calls = ended(lab), len(lab.calls())

    async def impatient() -> Any:
        async with AsyncOpenAI(base_url=f"{api.url}/v1", api_key=ANNA, timeout=1.5, max_retries=20) as client:
            asking = client.audio.transcriptions.create(
                file=("note", NOTE), model="whisper-1", extra_body={"hotwords": "gated two"}
            )
            waiting_for = asyncio.create_task(asking)
            await asyncio.sleep(2.5)  # its first try has been abandoned by now
            lab.open_gate()
            return await waiting_for

    assert asyncio.run(impatient()).text
    assert len(lab.calls()) == calls + 1
    assert len(ended(lab) - before) == 1


def test_a_task_that_no_client_waits_for_is_cancelled_when_its_lease_ends(
    api: ApiServer, lab: WorkerLab
) -> None:
    task_id = given_up(api, lab, "gated abandoned")
    status = api.http.get(f"/api/v1/asr/result/{task_id}").json()["status"]
    assert status in ("queued", "processing"), "the lease goes on after the client"
    lab.client.zadd("asr:leases", {task_id: 1})  # as if it had expired

    def is_cancelled() -> bool:
        return api.http.get(f"/api/v1/asr/result/{task_id}").json()["status"] == "cancelled"

    wait_for(is_cancelled, "the janitor")
    assert lab.client.zcard("asr:leases") == 0
    lab.open_gate()
    assert ask(sdk(api), "gated", "abandoned").headers["x-voxq-cache"] == "miss", (
        "nobody joins what is cancelled"
    )


def test_a_native_task_is_never_joined(api: ApiServer, lab: WorkerLab) -> None:
    first, second = api.submitted(hotwords="gated"), api.submitted(hotwords="gated", cache="true")
    third = given_up(api, lab, "gated")
    assert third not in (first, second)
    lab.open_gate()
    for task_id in (first, second, third):
        api.http.get(f"/api/v1/asr/result/{task_id}", params={"wait": 60})


def test_a_timeout_says_where_the_result_will_be(lab: WorkerLab) -> None:
    with running_api(str(lab.settings.redis_url), lab.root, OPENAI_TIMEOUT_SECONDS="1") as api:
        with pytest.raises(openai.InternalServerError) as caught:
            ask(sdk(api, max_retries=0), "gated", "slow")
        assert_it_goes_on(api, lab, caught.value)


def assert_it_goes_on(api: ApiServer, lab: WorkerLab, error: openai.InternalServerError) -> None:
    assert (error.status_code, error.code) == (504, "timeout")
    assert isinstance(error.body, dict)
    task_id = error.body["task_id"]
    assert lab.client.zscore("asr:leases", task_id) is None, "nobody will cancel it"
    lab.open_gate()
    result = api.http.get(f"/api/v1/asr/result/{task_id}", params={"wait": 60}).json()
    assert result["status"] == "done"


def test_a_failed_task_is_an_error_that_is_not_tried_again(api: ApiServer, lab: WorkerLab) -> None:
    before = ended(lab)
    with pytest.raises(openai.InternalServerError) as caught:
        ask(sdk(api, max_retries=2), "fault-error")
    assert (caught.value.status_code, caught.value.code) == (500, "faulty")
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert len(ended(lab) - before) == 1
    assert lab.client.zcard("asr:leases") == 0
    with pytest.raises(openai.InternalServerError):  # and its result is not reused
        ask(sdk(api, max_retries=0), "fault-error")
    assert len(ended(lab) - before) == 2


def test_a_cancelled_task_ends_the_wait(api: ApiServer, lab: WorkerLab) -> None:
    async def cancelled() -> openai.ConflictError:
        async with AsyncOpenAI(base_url=f"{api.url}/v1", api_key=ANNA) as client:
            asking = client.audio.transcriptions.create(
                file=("note", NOTE), model="whisper-1", extra_body={"hotwords": "gated cancelled"}
            )
            waiting_for = asyncio.create_task(asking)
            task_id = await asyncio.to_thread(waiting, lab)
            await asyncio.to_thread(api.http.delete, f"/api/v1/asr/task/{task_id}")
            with pytest.raises(openai.ConflictError) as caught:
                await waiting_for
            return caught.value

    assert asyncio.run(cancelled()).code == "cancelled"
    lab.open_gate()
    ask(sdk(api), "afterwards")  # until the engine has passed the gate


def test_a_failure_during_a_stream_is_an_error_event(api: ApiServer, lab: WorkerLab) -> None:
    stream = sdk(api).audio.transcriptions.create(
        file=("note", NOTE), model="whisper-1", stream=True, extra_body={"hotwords": "fault-error"}
    )
    with pytest.raises(openai.APIError) as caught:
        list(stream)
    assert caught.value.code == "faulty"


def test_a_result_is_cached_per_owner_and_options(api: ApiServer, lab: WorkerLab) -> None:
    def how(key: str = ANNA, *hotwords: str, **fields: Any) -> str:
        return ask(sdk(api, key), *hotwords, **fields).headers["x-voxq-cache"]

    calls = len(lab.calls())
    assert [how(), how()] == ["miss", "hit"]
    assert how(response_format="srt") == "hit", "the same text in another format"
    assert how(model="noop") == "hit", "the default by its name"
    assert how(cache="false") == "miss"
    assert how(BEN) == "miss", "another's"
    assert how(ANNA, "word") == "miss"
    assert how(audio=tone(1), use_vad="false") == "miss"
    assert how(priority="low") == "hit"
    assert len(lab.calls()) == calls + 5


def test_a_native_request_can_use_the_cache(api: ApiServer, lab: WorkerLab) -> None:
    earlier = ask(sdk(api)).headers["x-voxq-task"]
    stats = api.http.get("/api/v1/stats").json()["since_start"]["audio_seconds"]
    calls = len(lab.calls())
    answer = api.submit(cache="true")
    assert answer.headers["x-voxq-cache"] == "hit"
    assert (answer.json()["status"], answer.json()["position"]) == ("done", 0)
    task_id = answer.json()["task_id"]
    assert task_id != earlier
    results = [api.http.get(f"/api/v1/asr/result/{each}").json() for each in (task_id, earlier)]
    assert results[0]["text"] == results[1]["text"]
    assert results[0]["timings"]["engine"] == 0
    assert api.http.get(results[0]["audio_url"]).content == NOTE
    assert len(lab.calls()) == calls
    assert api.http.get("/api/v1/stats").json()["since_start"]["audio_seconds"] == stats
    wait_for(
        lambda: task_id in {r["task_id"] for r in lab.parts.logs["asr"].records()}, "its line in the log"
    )
    lab.assert_nothing_waits()

    assert "x-voxq-cache" not in api.submit().headers, "only if asked for"
    fresh = api.submit(cache="true", hotwords="something")
    assert fresh.headers["x-voxq-cache"] == "miss"
    assert fresh.json()["status"] == "queued"
    api.http.get(f"/api/v1/asr/result/{fresh.json()['task_id']}", params={"wait": 60})
    assert api.submit(cache="true", hotwords="something").headers["x-voxq-cache"] == "hit"


def test_forty_concurrent_clients_get_their_own_results(api: ApiServer, lab: WorkerLab) -> None:
    async def lengths() -> list[str]:
        async with AsyncOpenAI(base_url=f"{api.url}/v1", api_key=ANNA) as client:
            create = client.audio.transcriptions.create
            options = {"use_vad": "false"}
            answers = [
                create(file=("x", tone(1 + n / 10)), model="whisper-1", extra_body=options) for n in range(40)
            ]
            return [answer.text for answer in await asyncio.gather(*answers)]

    assert asyncio.run(lengths()) == [f"{1 + n / 10:.2f} seconds" for n in range(40)]


@pytest.mark.parametrize(
    ("fields", "status", "code", "param"),
    [
        ({"model": "nothing-such"}, 404, "model_not_found", "model"),
        ({"language": "klingon"}, 400, "invalid_option", "language"),
        ({"known_speaker_names[]": "anna"}, 400, "unsupported_value", "known_speaker_names"),
        ({"response_format": "xml"}, 400, "invalid_option", "response_format"),
        ({"temperature": "hot"}, 400, "invalid_option", "temperature"),
        ({"timestamp_granularities[]": "letter"}, 400, "invalid_option", "timestamp_granularities"),
        ({"chunking_strategy": "{" * 9000}, 400, "invalid_option", "chunking_strategy"),
        ({"stream": "true", "response_format": "srt"}, 400, "invalid_option", "stream"),
        ({"hotwords": "/etc/passwd.txt"}, 400, "invalid_option", "hotwords"),
    ],
)
def test_a_wrong_field_is_named(
    api: ApiServer, fields: dict[str, str], status: int, code: str, param: str
) -> None:
    answer = api.http.post("/v1/audio/transcriptions", files={"file": ("x", NOTE)}, data=fields)
    assert_openai_error(answer, status, code)
    assert answer.json()["error"]["param"] == param
    assert api.parts_left() == []


def test_every_error_has_openais_shape(api: ApiServer) -> None:
    http = api.http
    assert_openai_error(http.get("/v1/nothing"), 404, "not_found")
    assert_openai_error(http.get("/v1"), 404, "not_found")
    assert_openai_error(http.get("/v1/models/nothing/such"), 404, "model_not_found")
    assert_openai_error(http.get("/v1/audio/transcriptions"), 405, "method_not_allowed")
    assert_openai_error(http.post("/v1/audio/transcriptions", json={}), 400, "bad_form")
    without = http.post("/v1/audio/transcriptions", files={"model": (None, "whisper-1")})
    assert_openai_error(without, 400, "missing_audio")
    assert_openai_error(
        http.post("/v1/audio/transcriptions", files={"x": ("x", b"y")}), 400, "invalid_option"
    )
    untranslated = http.post("/v1/audio/translations", files={"file": NOTE}, data={"model": "noop"})
    assert_openai_error(untranslated, 400, "unsupported_value")
    large = {"file": bytes(4 << 20)}
    assert_openai_error(http.post("/v1/audio/transcriptions", files=large), 413, "too_large")
    with pytest.raises(openai.AuthenticationError) as caught:
        sdk(api, "wrong").models.list()
    assert caught.value.code == "invalid_api_key"
    assert http.get("/api/v1/nothing").json().keys() == {"error", "code"}
    assert "x-request-id" not in http.get("/livez").headers


def assert_openai_error(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert {"message", "type", "param", "code"} <= set(error)
    assert error["code"] == code
    assert answer.headers["x-request-id"].startswith("req_")
