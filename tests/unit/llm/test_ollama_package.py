"""The double of Ollama, asked by Ollama's own client: what the other tests ask speaks the real protocol."""

from __future__ import annotations

from typing import Any

import llm_server as fake
import pytest
from llm_server import MODEL, LlmServer, llm_server

ollama = pytest.importorskip("ollama", reason="the group llm is not installed: uv sync --group llm")

HELLO = [{"role": "user", "content": "Say this sentence again, which is not short."}]


def client_of(server: LlmServer) -> Any:
    return ollama.Client(host=server.url, trust_env=False)


def test_it_answers_as_a_whole_and_piece_by_piece() -> None:
    with llm_server(is_ollama=True, thoughts="Hm.") as server:
        client = client_of(server)
        whole = client.chat(model=MODEL, messages=HELLO)
        assert (whole.message.content, whole.done, whole.done_reason) == (HELLO[0]["content"], True, "stop")
        pieces = list(client.chat(model=MODEL, messages=HELLO, stream=True))
    assert "".join(piece.message.content or "" for piece in pieces) == HELLO[0]["content"]
    assert pieces[0].message.thinking == "Hm."
    assert [piece.done for piece in pieces][-1] is True and len(pieces) > 3


def test_it_cuts_prompts_at_the_context_that_it_is_given_without_a_word() -> None:
    long = [{"role": "user", "content": "word " * 4000 + "the end"}]
    with llm_server(is_ollama=True) as server:
        client = client_of(server)
        cut = client.chat(model=MODEL, messages=long, options={"num_ctx": 1024}).message.content
        whole = client.chat(model=MODEL, messages=long, options={"num_ctx": 32_768}).message.content
    assert len(cut) < len(whole) == len(long[0]["content"])


@pytest.mark.parametrize(("fault", "status"), [(fake.failed(500), 500), (fake.failed(429), 429)])
def test_its_errors_are_errors_of_the_client(fault: fake.Fault, status: int) -> None:
    with llm_server(is_ollama=True) as server:
        server.faults.append(fault)
        with pytest.raises(ollama.ResponseError) as failure:
            client_of(server).chat(model=MODEL, messages=HELLO)
        with pytest.raises(ollama.ResponseError) as unknown:
            client_of(server).chat(model="another", messages=HELLO)
    assert (failure.value.status_code, unknown.value.status_code) == (status, 404)
