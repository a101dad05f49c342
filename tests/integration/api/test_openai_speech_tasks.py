"""Tasks behind OpenAI's speech API, with its SDK: streamed early, joined, cached, failed.

The voice is `counting_voice`: a sentence with "gated" waits until the gate is open.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from api_server import ApiServer, running_api
from counting_voice import LETTER_SECONDS
from openai import AsyncOpenAI, OpenAI
from worker_lab import WorkerLab, wait_for

VOICE = "counting_voice:KIND"
ANNA, BEN = "annas-secret-key", "bens-secret-key"
HELD = "A first sentence of some length. Then a gated one."
VOICED = {
    "VOXQ_TEST_ENGINES": "1",
    "VOXQ_TEST_SYNTHESISER": VOICE,
    "PYTHONPATH": str(Path(__file__).parents[2] / "support"),
}
"""Environment of an API that can import the voice."""


@pytest.fixture(scope="module")
def shared_lab(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerLab]:
    lab = WorkerLab(tmp_path_factory.mktemp("speech"), valkey, max_inflight=8)
    lab.client.flushall()
    lab.worker(VOXQ_TEST_SYNTHESISER=VOICE)
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def api(shared_lab: WorkerLab) -> Iterator[ApiServer]:
    environ = {
        "API_KEYS": f"anna:{ANNA},ben:{BEN}",
        "OPENAI_TIMEOUT_SECONDS": "100",
        "MAX_TEXT_CHARACTERS": "5000",
        "MAX_RECORDINGS": "1000",
    }
    with running_api(str(shared_lab.settings.redis_url), shared_lab.root, **VOICED, **environ) as server:
        server.http.headers["Authorization"] = f"Bearer {ANNA}"
        yield server


@pytest.fixture
def lab(shared_lab: WorkerLab) -> WorkerLab:
    """Close the gate and forget all earlier texts."""
    shared_lab.close_gate()
    shared_lab.forget_fingerprints()
    return shared_lab


def sdk(api: ApiServer, key: str = ANNA, **options: Any) -> OpenAI:
    return OpenAI(base_url=f"{api.url}/v1", api_key=key, **options)


def speak(client: OpenAI, text: str = "Hello there.", **fields: Any) -> Any:
    """Return the raw response."""
    create = client.audio.speech.with_raw_response.create
    return create(**{"input": text, "model": VOICE, "voice": "teller", "response_format": "pcm"} | fields)


def streamed(client: OpenAI, text: str, **fields: Any) -> Any:
    """Return a context in which the response arrives."""
    create = client.audio.speech.with_streaming_response.create
    return create(**{"input": text, "model": VOICE, "voice": "teller", "response_format": "pcm"} | fields)


def status_of(api: ApiServer, task_id: str) -> str:
    return api.http.get(f"/api/v1/tts/result/{task_id}").json()["status"]


def waiting(lab: WorkerLab) -> str:
    """Return the only task with a lease."""
    [task_id] = wait_for(lambda: lab.client.zrange("tts:leases", 0, -1), "a lease")
    return str(task_id)


def test_the_first_sentence_is_heard_before_the_last_is_spoken(api: ApiServer, lab: WorkerLab) -> None:
    with streamed(sdk(api), HELD, response_format="mp3") as answer:
        pieces = answer.iter_bytes()
        heard = next(pieces)
        task_id = answer.headers["x-voxq-task"]
        assert status_of(api, task_id) == "processing"
        lab.open_gate()
        heard += b"".join(pieces)
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["x-request-id"].startswith("req_")
    assert heard == api.http.get(f"/api/v1/tts/audio/{task_id}").content


def test_events_come_as_sentences_are_finished(api: ApiServer, lab: WorkerLab) -> None:
    request = {"input": HELD, "model": VOICE, "response_format": "pcm", "stream_format": "sse"}
    events = []
    with api.http.stream("POST", "/v1/audio/speech", json=request) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in filter(None, answer.iter_lines()):
            if not events:
                assert status_of(api, answer.headers["x-voxq-task"]) == "processing"
                lab.open_gate()
            events.append(json.loads(line.removeprefix("data: ")))
    *deltas, done = events
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    sound = b"".join(b64decode(event["audio"]) for event in deltas)
    task_id = answer.headers["x-voxq-task"]
    assert sound == api.http.get(f"/api/v1/tts/audio/{task_id}").content
    seconds = len(sound) / 2 / 24_000
    usage = done["usage"]
    assert done == {"type": "speech.audio.done", "usage": usage}
    assert usage["input_tokens"] == len(HELD)
    assert usage["output_tokens"] == pytest.approx(20 * seconds, abs=1.1)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_a_client_that_reconnects_joins_the_same_speech(api: ApiServer, lab: WorkerLab) -> None:
    with streamed(sdk(api), HELD) as answer:
        next(answer.iter_bytes())
    task_id = waiting(lab)
    assert status_of(api, task_id) == "processing", "the lease goes on after the client"
    with streamed(sdk(api), HELD) as again:
        assert (again.headers["x-voxq-cache"], again.headers["x-voxq-task"]) == ("joined", task_id)
        pieces = again.iter_bytes()
        heard = next(pieces)
        lab.open_gate()
        heard += b"".join(pieces)
    assert heard == api.http.get(f"/api/v1/tts/audio/{task_id}").content
    assert lab.client.zcard("tts:leases") == 0


def test_the_sdks_own_retries_make_one_task(api: ApiServer, lab: WorkerLab) -> None:
    text = "A gated one that several tries wait for."

    async def impatient() -> bytes:
        async with AsyncOpenAI(base_url=f"{api.url}/v1", api_key=ANNA, timeout=1.5, max_retries=20) as client:
            create = client.audio.speech.create
            asking = create(input=text, model=VOICE, voice="teller", response_format="pcm")
            waiting_for = asyncio.create_task(asking)
            await asyncio.sleep(2.5)  # its first try has been abandoned by now
            lab.open_gate()
            return (await waiting_for).content

    assert len(asyncio.run(impatient())) >= bytes_of(text)
    assert lab.spoken().count(text) == 1


def test_speech_that_no_client_waits_for_is_cancelled_when_its_lease_ends(
    api: ApiServer, lab: WorkerLab
) -> None:
    with streamed(sdk(api), HELD + " Abandoned.") as answer:
        next(answer.iter_bytes())
    task_id = waiting(lab)
    lab.client.zadd("tts:leases", {task_id: 1})  # as if it had expired
    wait_for(lambda: status_of(api, task_id) == "cancelled", "the janitor")
    lab.open_gate()
    assert speak(sdk(api), HELD + " Abandoned.").headers["x-voxq-cache"] == "miss"


def test_a_timeout_says_where_the_speech_will_be(lab: WorkerLab) -> None:
    environ = VOICED | {"OPENAI_TIMEOUT_SECONDS": "1"}
    with running_api(str(lab.settings.redis_url), lab.root, **environ) as api:
        with pytest.raises(openai.InternalServerError) as caught:
            speak(sdk(api, max_retries=0), "Only a gated sentence.")
        assert_it_goes_on(api, lab, caught.value)


def assert_it_goes_on(api: ApiServer, lab: WorkerLab, error: openai.InternalServerError) -> None:
    assert (error.status_code, error.code) == (504, "timeout")
    assert isinstance(error.body, dict)
    task_id = error.body["task_id"]
    assert lab.client.zscore("tts:leases", task_id) is None, "nobody will cancel it"
    lab.open_gate()
    result = api.http.get(f"/api/v1/tts/result/{task_id}", params={"wait": 60}).json()
    assert result["status"] == "done"


def test_a_failure_before_the_first_audio_has_a_status_code(api: ApiServer, lab: WorkerLab) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        speak(sdk(api, max_retries=2), "This is all foreign.")
    assert (caught.value.status_code, caught.value.code) == (500, "language_unavailable")
    assert caught.value.response.headers["x-should-retry"] == "false"
    with pytest.raises(openai.BadRequestError) as caught:
        speak(sdk(api), "Only silence.")
    assert caught.value.code == "unpronounceable"
    assert lab.spoken().count("This is all foreign.") == 1, "it was not tried again"


def test_a_failure_in_the_middle_breaks_the_stream_off(api: ApiServer, lab: WorkerLab) -> None:
    text = "A first sentence of some length. Then a gated and foreign one."
    with streamed(sdk(api), text) as answer:
        pieces = answer.iter_bytes()
        assert next(pieces)
        lab.open_gate()
        with pytest.raises(Exception, match="incomplete chunked read"):
            list(pieces)
    assert status_of(api, answer.headers["x-voxq-task"]) == "failed"
    assert "broken_off=language_unavailable" in api.log()
    assert "ERROR ASGI" not in api.log(), "it is no fault of the server"
    lab.close_gate()
    request = {"input": text, "model": VOICE, "response_format": "pcm", "stream_format": "sse"}
    with api.http.stream("POST", "/v1/audio/speech", json=request) as answer:
        events = []
        for line in filter(None, answer.iter_lines()):
            lab.open_gate()
            events.append(json.loads(line.removeprefix("data: ")))
    assert events[0]["type"] == "speech.audio.delta"
    assert events[-1]["error"]["code"] == "language_unavailable"
    assert "foreign" not in api.log(), "no text in the logs"


def test_a_cancelled_task_ends_the_wait(api: ApiServer, lab: WorkerLab) -> None:
    async def cancelled() -> openai.ConflictError:
        async with AsyncOpenAI(base_url=f"{api.url}/v1", api_key=ANNA) as client:
            create = client.audio.speech.create
            asking = asyncio.create_task(create(input="A gated sentence.", model=VOICE, voice="teller"))
            task_id = await asyncio.to_thread(waiting, lab)
            await asyncio.to_thread(api.http.delete, f"/api/v1/tts/task/{task_id}")
            with pytest.raises(openai.ConflictError) as caught:
                await asking
            return caught.value

    assert asyncio.run(cancelled()).code == "cancelled"
    lab.open_gate()
    speak(sdk(api))  # until the engine has passed the gate


def test_speech_is_cached_per_owner_and_options(api: ApiServer, lab: WorkerLab) -> None:
    def how(key: str = ANNA, text: str = "Remember me.", **fields: Any) -> str:
        return speak(sdk(api, key), text, **fields).headers["x-voxq-cache"]

    spoken = len(lab.spoken())
    assert [how(), how()] == ["miss", "hit"]
    first, again = (speak(sdk(api), "Remember me.") for _ in range(2))
    assert first.content == again.content
    assert how(voice="") == "hit", "the same voice by the language of the text"
    assert how(instructions="Whisper!", extra_body={"priority": "low"}) == "hit", "nothing that is heard"
    assert how(BEN) == "miss", "another's"
    assert how(text="Remember me!") == "miss"
    assert how(speed=1.5) == "miss"
    assert how(response_format="wav") == "miss"
    assert how(extra_body={"sample_rate": 8000}) == "miss"
    assert how(extra_body={"cache": False}) == "miss"
    assert len(lab.spoken()) == spoken + 7
    task_id = speak(sdk(api), "Remember me.").headers["x-voxq-task"]
    (api.storage / "recordings" / f"{task_id}.pcm").unlink()  # as retention does it
    assert how() == "miss", "there is a record, and no sound"


def test_forty_concurrent_clients_get_their_own_speech(api: ApiServer, lab: WorkerLab) -> None:
    texts = [f"Client {number:03d} says {'a' * number}." for number in range(40)]

    async def lengths() -> list[int]:
        async with AsyncOpenAI(base_url=f"{api.url}/v1", api_key=ANNA) as client:
            create = client.audio.speech.create
            asking = [create(input=t, model=VOICE, voice="teller", response_format="pcm") for t in texts]
            return [len(answer.content) for answer in await asyncio.gather(*asking)]

    heard = asyncio.run(lengths())
    pause = heard[0] - bytes_of(texts[0])
    assert heard == [bytes_of(text) + pause for text in texts]
    assert sorted(set(texts) & set(lab.spoken())) == texts


@pytest.mark.parametrize(
    ("fields", "status", "code", "param"),
    [
        ({"model": "whisper-1"}, 404, "model_not_found", "model"),
        ({"voice": "nobody"}, 400, "voice_not_found", "voice"),
        ({"voice": {"id": "voice_1234"}}, 400, "voice_not_found", "voice"),
        ({"voice": {"name": "teller"}}, 400, "voice_unsupported", "voice"),
        ({"voice": 7}, 400, "voice_unsupported", "voice"),
        ({"voice": "https://example.com/me.wav"}, 400, "voice_unsupported", "voice"),
        ({"voice": "data:audio/wav;base64,UklGRiQAAABXQVZF"}, 400, "voice_unsupported", "voice"),
        ({"voice": "UklGRiQAAABXQVZF" * 40}, 400, "voice_unsupported", "voice"),
        ({"input": ""}, 400, "unpronounceable", "input"),
        ({"input": None}, 400, "invalid_option", "input"),
        ({"input": ["a"]}, 400, "invalid_option", "input"),
        ({"input": "a" * 5001}, 413, "too_large", None),
        ({"input": "你好"}, 400, "voice_not_found", "voice"),
        ({"speed": 0.2}, 400, "invalid_option", "speed"),
        ({"speed": "NaN"}, 400, "invalid_option", "speed"),
        ({"response_format": "exe"}, 400, "invalid_option", "response_format"),
        ({"stream_format": "chunks"}, 400, "invalid_option", "stream_format"),
        ({"instructions": 5}, 400, "invalid_option", "instructions"),
        ({"language": "xx"}, 400, "invalid_option", "language"),
        ({"sample_rate": 12345}, 400, "invalid_option", "sample_rate"),
        ({"priority": "now"}, 400, "invalid_option", "priority"),
    ],
)
def test_a_wrong_field_is_named(
    api: ApiServer, fields: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    request = {"input": "Hello.", "model": VOICE, "voice": "alloy"}
    answer = api.http.post("/v1/audio/speech", json=request | fields)
    assert_openai_error(answer, status, code)
    assert answer.json()["error"]["param"] == param
    if code == "voice_not_found":
        assert answer.json()["error"]["voices"] == ["teller"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"input": "\xff"}', b"x" * 200_000]
)
def test_invalid_bodies_are_refused(api: ApiServer, body: bytes) -> None:
    answer = api.http.post("/v1/audio/speech", content=body)
    assert answer.status_code in (400, 413), answer.text
    assert_openai_error(answer, answer.status_code, answer.json()["error"]["code"])


def test_errors_are_those_that_the_sdk_knows(api: ApiServer) -> None:
    with pytest.raises(openai.AuthenticationError) as unauthorized:
        speak(sdk(api, "wrong"))
    assert unauthorized.value.code == "invalid_api_key"
    with pytest.raises(openai.NotFoundError) as unknown:
        speak(sdk(api), model="no-such-model")
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.BadRequestError) as wrong:
        speak(sdk(api), speed=9)
    assert wrong.value.param == "speed" and wrong.value.request_id
    with pytest.raises(openai.APIStatusError) as large:
        speak(sdk(api), "a" * 5001)
    assert (large.value.status_code, large.value.code) == (413, "too_large")
    assert_openai_error(api.http.get("/v1/audio/speech"), 405, "method_not_allowed")


def bytes_of(sentence: str) -> int:
    """Return its sound as PCM in OpenAI's format: 24 kHz, 16 bits, mono."""
    return 2 * round(len(sentence) * LETTER_SECONDS * 24_000)


def assert_openai_error(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert {"message", "type", "param", "code"} <= set(error)
    assert error["code"] == code
    assert answer.headers["x-request-id"].startswith("req_")
