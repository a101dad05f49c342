"""Chats with the providers' models through the real API: passed on as they are, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llm_server as fake
import openai
import pytest
from api_server import ApiServer, running_api
from llm_server import MODEL, LlmServer, llm_server

KEY = "client-key-1"
UPSTREAM_KEY = "sk-of-the-operator"
HELLO = [{"role": "user", "content": "Good morning, machine. How are you?"}]


@pytest.fixture(scope="module")
def upstream() -> Iterator[LlmServer]:
    with llm_server(key=UPSTREAM_KEY) as server:
        yield server


@pytest.fixture(scope="module")
def service(
    valkey: str, upstream: LlmServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    with running_api(
        valkey,
        tmp_path_factory.mktemp("chat"),
        API_KEYS=f"anna:{KEY}",
        LLM_PROVIDERS=f"local={upstream.url}/v1|{MODEL},away=http://127.0.0.1:9/v1|big-model",
        LLM_KEYS=f"local={UPSTREAM_KEY}",
        LLM_TIMEOUT_SECONDS="6",
    ) as server:
        yield server


@pytest.fixture
def sdk(service: ApiServer, upstream: LlmServer) -> openai.OpenAI:
    upstream.faults.clear()
    upstream.asked.clear()
    upstream.gone.clear()
    upstream.is_endless = False
    return openai.OpenAI(base_url=f"{service.url}/v1", api_key=KEY, max_retries=0)


def post(service: ApiServer, content: Any, key: str = KEY) -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body = content if isinstance(content, bytes) else json.dumps(content)
    return service.http.post("/v1/chat/completions", content=body, headers=headers)


@pytest.mark.parametrize("model", ["local", MODEL])
def test_the_sdk_chats_by_the_name_of_a_provider_or_of_its_model(sdk: openai.OpenAI, model: str) -> None:
    answer = sdk.chat.completions.create(model=model, messages=HELLO)  # pyright: ignore
    assert answer.choices[0].message.content == HELLO[0]["content"]


def test_the_sdk_gets_a_stream_piece_by_piece(sdk: openai.OpenAI) -> None:
    pieces = list(sdk.chat.completions.create(model="local", messages=HELLO, stream=True))  # pyright: ignore
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces)
    assert text == HELLO[0]["content"]
    assert len(pieces) > 3 and pieces[-1].choices[0].finish_reason == "stop"


def test_tools_and_unknown_fields_arrive_as_they_are(
    sdk: openai.OpenAI, service: ApiServer, upstream: LlmServer
) -> None:
    called = {"id": "c1", "type": "function", "function": {"name": "light", "arguments": '{"on":true}'}}
    answer = {
        "id": "x",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": [called]}}],
        "timings": {"anything": [1, 2.5, None]},
    }
    body = json.dumps(answer).encode()
    upstream.faults.append(fake.Fault(headers={"Content-Type": "application/json"}, body=body))
    tools = [{"type": "function", "function": {"name": "light", "parameters": {"type": "object"}}}]
    asked = {"model": "local", "messages": HELLO, "tools": tools, "chat_template_kwargs": {"x": "早上好"}}
    response = post(service, asked)
    assert (response.status_code, response.json()) == (200, answer)
    assert upstream.chats[-1].body == asked | {"model": MODEL}
    assert upstream.chats[-1].headers["authorization"] == f"Bearer {UPSTREAM_KEY}"


def test_a_request_without_a_model_gets_the_default(service: ApiServer, sdk: openai.OpenAI) -> None:
    assert post(service, {"messages": HELLO}).status_code == 200


def test_models_are_listed_and_found(sdk: openai.OpenAI) -> None:
    listed = {model.id: model.model_dump().get("alias_of") for model in sdk.models.list()}
    assert listed["local"] is None and listed[MODEL] == "local" and listed["big-model"] == "away"
    assert sdk.models.retrieve(MODEL).id == "local"


def test_a_key_of_this_service_is_needed(service: ApiServer, upstream: LlmServer, sdk: openai.OpenAI) -> None:
    for key in ("", "wrong-key-99", UPSTREAM_KEY):
        response = post(service, {"model": "local", "messages": HELLO}, key)
        assert response.status_code == 401
        assert response.json()["error"]["code"] == "invalid_api_key"
    assert not upstream.chats


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "bad_json"),
        (b"[]", 400, "bad_json"),
        (b'{"a": NaN}', 400, "bad_json"),
        (b"[" * 100_000, 400, "bad_json"),
        ({"model": "gpt-9", "messages": HELLO}, 404, "model_not_found"),
        ({"model": "http://127.0.0.1:9/v1", "messages": HELLO}, 404, "model_not_found"),
        ({"model": ["local"], "messages": HELLO}, 404, "model_not_found"),
        ({"model": "whisper-1", "messages": HELLO}, 404, "model_not_found"),
        (b" " * (5 << 20), 413, "too_large"),
        (b'{"messages": [' + b"[]," * 250_000 + b"[]]}", 413, "too_large"),
    ],
    ids=range(10),
)
def test_what_cannot_be_passed_on_is_refused_here(
    service: ApiServer, upstream: LlmServer, sdk: openai.OpenAI, content: Any, status: int, code: str
) -> None:
    response = post(service, content)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert not upstream.chats


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (fake.failed(500), 502, "llm_failed"),
        (fake.failed(401), 502, "llm_key_refused"),
        (fake.failed(404), 502, "llm_no_model"),
        (fake.failed(429, Retry_After="7"), 429, "rate_limit_exceeded"),
        (fake.REDIRECT, 400, "provider_refused"),
        (fake.RESETS, 502, "llm_unreachable"),
        (fake.HANGS, 504, "llm_timeout"),
        (fake.Fault(), 502, "llm_bad_answer"),
    ],
    ids=lambda each: str(each)[:24],
)
def test_failures_of_the_provider_have_a_status_and_no_secret(
    service: ApiServer,
    upstream: LlmServer,
    sdk: openai.OpenAI,
    fault: fake.Fault,
    status: int,
    code: str,
    stream: bool,
) -> None:
    upstream.faults.append(fault)
    response = post(service, {"model": "local", "messages": HELLO, "stream": stream})
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    if status == 429:
        assert response.headers["Retry-After"] == "7"
    assert UPSTREAM_KEY not in response.text and upstream.url not in response.text


def test_an_answer_that_is_no_json_is_an_error(
    service: ApiServer, upstream: LlmServer, sdk: openai.OpenAI
) -> None:
    upstream.faults.append(fake.HTML)
    response = post(service, {"model": "local", "messages": HELLO})
    assert (response.status_code, response.json()["error"]["code"]) == (502, "llm_bad_answer")


def test_what_the_provider_says_of_a_request_reaches_the_client(
    service: ApiServer, upstream: LlmServer, sdk: openai.OpenAI
) -> None:
    def told(sentence: str) -> str:
        body = json.dumps({"error": {"message": sentence}}).encode()
        upstream.faults.append(fake.Fault(400, body=body))
        return post(service, {"model": "local", "messages": HELLO}).json()["error"]["message"]

    assert "this model has no tools" in told("this model has no tools")
    assert "at 127.0.0.1" not in told("try the server at 127.0.0.1 instead")
    assert UPSTREAM_KEY not in told(f"with {UPSTREAM_KEY} you may not")


def test_a_stream_that_breaks_off_ends_with_an_error(
    service: ApiServer, upstream: LlmServer, sdk: openai.OpenAI
) -> None:
    upstream.faults.append(fake.CUT_OFF)
    lines = post(service, {"model": "local", "messages": HELLO, "stream": True}).text.split("\n\n")
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.strip()]
    assert events[0]["choices"] and events[-1]["error"]["code"] == "llm_bad_answer"


def test_a_provider_that_is_away_is_an_error_at_once(service: ApiServer, sdk: openai.OpenAI) -> None:
    response = post(service, {"model": "away", "messages": HELLO})
    assert (response.status_code, response.json()["error"]["code"]) == (502, "llm_unreachable")


def test_a_client_that_goes_ends_the_request_to_the_provider(
    service: ApiServer, upstream: LlmServer, sdk: openai.OpenAI
) -> None:
    upstream.is_endless = True
    with sdk.chat.completions.create(model="local", messages=HELLO, stream=True) as stream:  # pyright: ignore
        next(iter(stream))
    assert upstream.gone.wait(5)


def test_a_client_that_goes_before_the_answer_frees_its_place(
    service: ApiServer, upstream: LlmServer, sdk: openai.OpenAI
) -> None:
    upstream.faults.extend([fake.HANGS] * 4)
    for _ in range(4):  # as many as may be asked at once
        with pytest.raises(openai.APITimeoutError):
            sdk.with_options(timeout=0.3).chat.completions.create(model="local", messages=HELLO)  # pyright: ignore
    started = time.monotonic()
    assert post(service, {"model": "local", "messages": HELLO}).status_code == 200
    assert time.monotonic() - started < 2


def test_the_log_has_no_key_and_no_text(service: ApiServer, sdk: openai.OpenAI) -> None:
    log = service.log()
    assert "provider=local" in log
    assert UPSTREAM_KEY not in log and "Good morning" not in log


def test_without_providers_chats_are_off(valkey: str, tmp_path: Path) -> None:
    with running_api(valkey, tmp_path) as bare:
        response = bare.http.post("/v1/chat/completions", json={"model": "local", "messages": HELLO})
    assert response.status_code == 404
    error = response.json()["error"]
    assert (error["code"], "LLM_PROVIDERS" in error["message"]) == ("no_provider", True)
