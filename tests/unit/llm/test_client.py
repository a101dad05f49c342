"""One provider, asked over a real connection: both protocols, failures that pass, and those that do not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import llm_server as fake
import pytest
from llm_server import LlmServer, llm_server

from voxq.llm import client as client_module
from voxq.llm.client import Client
from voxq.llm.errors import ProviderError
from voxq.llm.provider import Provider

MESSAGES = [{"role": "system", "content": "Repeat it."}, {"role": "user", "content": "Good morning, all."}]
ECHO = "Good morning, all."


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_PAUSES", client_module.BackOff((0.02,)))


@asynccontextmanager
async def asking(provider: Provider) -> AsyncIterator[Client]:
    client = Client(provider)
    try:
        yield client
    finally:
        await client.close()


async def answer(server: LlmServer, most_characters: int = 1000, **changes: Any) -> str:
    async with asking(server.provider(**changes)) as client:
        return await client.complete(MESSAGES, most_characters=most_characters)


async def refusal(server: LlmServer, **changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await answer(server, **changes)
    return caught.value


@pytest.mark.parametrize("is_ollama", [False, True])
@pytest.mark.parametrize("streams", [True, False])
async def test_both_protocols_answer_streamed_and_whole(is_ollama: bool, streams: bool) -> None:
    with llm_server(is_ollama=is_ollama, streams=streams, thoughts="Let me see.") as server:
        assert await answer(server) == ECHO
        assert server.chats[0].path == ("/api/chat" if is_ollama else "/v1/chat/completions")


async def test_ollama_gets_the_context_and_must_not_cut_prompts() -> None:
    with llm_server(is_ollama=True) as server:
        await answer(server, context=6000)
        body = server.chats[0].body
    assert body["options"]["num_ctx"] == 6000
    assert (body["truncate"], body["shift"], body["think"]) == (False, False, False)


async def test_the_key_goes_to_the_provider_and_into_no_error() -> None:
    with llm_server(key="sk-right") as server:
        assert await answer(server, key="sk-right") == ECHO
        assert "authorization" not in server.asked[0].headers  # the question which API it has
        error = await refusal(server, key="sk-wrong")
    assert error.code == "llm_key_refused"
    assert "sk-" not in str(error)
    assert "sk-wrong" not in repr(server.provider(key="sk-wrong"))


@pytest.mark.parametrize(
    "fault",
    [
        fake.failed(500),
        fake.failed(502),
        fake.failed(429, Retry_After="0"),
        fake.failed(503, Retry_After="0.1"),
        fake.RESETS,
        fake.CUT_OFF,
        fake.NO_JSON,
        fake.WRONG_SHAPE,
        fake.HTML,
        fake.EMPTY,
    ],
    ids=lambda fault: f"{fault.status} {fault.body[:20]!r} {fault.after}",
)
async def test_what_may_pass_is_tried_again(fault: fake.Fault) -> None:
    with llm_server() as server:
        server.faults.append(fault)
        assert await answer(server) == ECHO
        assert len(server.chats) == 2


@pytest.mark.parametrize(
    ("fault", "code", "tries"),
    [
        (fake.failed(500), "llm_failed", 3),
        (fake.failed(429, Retry_After="0"), "llm_busy", 3),
        (fake.failed(429, Retry_After="3600"), "llm_busy", 1),
        (fake.failed(404), "llm_no_model", 1),
        (fake.failed(400), "llm_request_refused", 1),
        (fake.REDIRECT, "llm_request_refused", 1),
        (fake.RESETS, "llm_unreachable", 3),
        (fake.CUT_OFF, "llm_bad_answer", 2),
        (fake.NO_JSON, "llm_bad_answer", 2),
        (fake.EMPTY, "llm_bad_answer", 2),
    ],
    ids=lambda each: str(each)[:30],
)
async def test_what_does_not_pass_ends_with_a_code_and_a_sentence(
    fault: fake.Fault, code: str, tries: int
) -> None:
    with llm_server() as server:
        server.faults.extend([fault] * 5)
        error = await refusal(server)
        assert len(server.chats) == tries
    assert error.code == code
    assert "local" in str(error) and str(error).endswith(".")
    assert server.url.rpartition("/")[2] not in str(error)
    assert "out of luck" not in str(error)


async def test_a_busy_provider_is_asked_again_when_it_says() -> None:
    with llm_server() as server:
        server.faults.append(fake.failed(429, Retry_After="0.4"))
        started = time.monotonic()
        assert await answer(server) == ECHO
        assert time.monotonic() - started >= 0.4


@pytest.mark.parametrize("fault", [fake.HANGS, fake.GOES_SILENT])
async def test_a_provider_that_hangs_is_left(fault: fake.Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxq.llm.reading._SILENCE_SECONDS", 0.3)
    with llm_server() as server:
        server.faults.append(fault)
        started = time.monotonic()
        error = await refusal(server, seconds=0.6)
        assert time.monotonic() - started < 5
    assert error.code == "llm_timeout"


async def test_an_answer_without_end_is_cut_and_no_answer() -> None:
    with llm_server(is_endless=True) as server:
        error = await refusal(server, most_characters=500)
        assert error.code == "llm_endless_answer"
        assert len(server.chats) == 1
        await asyncio.to_thread(server.gone.wait, 5)
        assert server.gone.is_set(), "the model must not go on for nobody"


async def test_thoughts_do_not_count_as_the_answer() -> None:
    with llm_server(write=lambda text: f"<think>{'Hm. ' * 2000}</think>{text}") as server:
        assert (await answer(server, most_characters=100)).endswith(ECHO)


@pytest.mark.parametrize("is_ollama", [False, True])
async def test_a_prompt_beyond_the_context_has_an_error_of_its_own(is_ollama: bool) -> None:
    with llm_server(is_ollama=is_ollama) as server:
        long = [{"role": "user", "content": "word " * 4000}]
        async with asking(server.provider()) as client:
            with pytest.raises(ProviderError) as caught:
                await client.complete(long, most_characters=100_000)
    assert caught.value.code == "llm_context_exceeded"


async def test_an_answer_that_fills_the_context_is_not_taken() -> None:
    with llm_server(stops_early=True) as server:
        assert (await refusal(server)).code == "llm_context_exceeded"
        assert (await refusal(server, most_characters=30)).code == "llm_endless_answer"


@pytest.mark.parametrize(("is_ollama", "name"), [(False, "temperature"), (True, "think")])
async def test_a_field_that_is_refused_is_left_out_from_then_on(is_ollama: bool, name: str) -> None:
    with llm_server(is_ollama=is_ollama, refused_fields=(name,)) as server:
        async with asking(server.provider()) as client:
            for _ in range(2):
                assert await client.complete(MESSAGES, most_characters=1000) == ECHO
        assert [name in each.body for each in server.chats] == [True, False, False]


async def test_no_more_requests_at_once_than_set() -> None:
    with llm_server(seconds=0.05) as server:
        async with asking(server.provider(calls=3)) as client:
            answers = [client.complete(MESSAGES, most_characters=1000) for _ in range(9)]
            assert await asyncio.gather(*answers) == [ECHO] * 9
        assert server.most_at_once == 3


async def test_a_provider_that_keeps_failing_is_left_alone_and_then_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("voxq.llm.breaker._PAUSES", client_module.BackOff((0.4,)))
    with llm_server() as server:
        server.faults.extend([fake.failed(500)] * 6)
        async with asking(server.provider()) as client:
            for _ in range(2):
                with pytest.raises(ProviderError):
                    await client.complete(MESSAGES, most_characters=1000)
            asked = len(server.chats)
            started = time.monotonic()
            waiting = [client.complete(MESSAGES, most_characters=1000) for _ in range(4)]
            assert await asyncio.gather(*waiting) == [ECHO] * 4
            assert time.monotonic() - started >= 0.2
    assert asked == 6 and len(server.chats) == 10


async def test_the_connection_is_used_again() -> None:
    with llm_server() as server:
        async with asking(server.provider()) as client:
            for _ in range(3):
                await client.complete(MESSAGES, most_characters=1000)
            (connection,) = client._http._transport._pool.connections  # pyright: ignore
            assert connection.is_idle()


async def test_a_provider_that_is_away_is_an_error() -> None:
    with llm_server() as server:
        provider = server.provider()
    async with asking(provider) as client:
        with pytest.raises(ProviderError) as caught:
            await client.complete(MESSAGES, most_characters=1000)
    assert caught.value.code == "llm_unreachable"
