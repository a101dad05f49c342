"""Doctor checks of the servers of language models: whether each answers, and knows its model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from voxq.cli.finding import Finding
from voxq.llm.errors import ProviderError
from voxq.llm.looking import Seen, look
from voxq.llm.provider import Provider
from voxq.locale import Message
from voxq.settings import Settings

_MOST_NAMED = 8


def check_providers(settings: Settings) -> Iterator[Finding]:
    """Ask all servers in LLM_PROVIDERS at the same time. No text is sent."""
    providers = list(settings.providers.values())
    for provider, seen in zip(providers, asyncio.run(_look_at(providers)), strict=True):
        yield from _findings(provider, seen)


async def _look_at(providers: Iterable[Provider]) -> list[Seen | ProviderError]:
    async def looked(provider: Provider) -> Seen | ProviderError:
        try:
            return await look(provider)
        except ProviderError as error:
            return error

    return list(await asyncio.gather(*map(looked, providers)))


def _findings(provider: Provider, seen: Seen | ProviderError) -> Iterator[Finding]:
    if isinstance(seen, ProviderError):
        fix = Message("Start it, or correct LLM_PROVIDERS and LLM_KEYS: {url}", url=provider.url)
        yield Finding("provider", "failure", seen.message, fix)
        return
    server = Message("Ollama {version}", version=seen.ollama) if seen.ollama else provider.url
    if seen.models is None:
        says = Message(
            "{name} answers at {server}, but does not list its models: {model} could not be looked for",
            name=provider.name,
            server=server,
            model=provider.model,
        )
        yield Finding("provider", "warning", says)
    elif not seen.has(provider.model):
        there = ", ".join(seen.models[:_MOST_NAMED]) or "-"
        says = Message(
            "{name} answers, but has no model {model}. There are: {there}",
            name=provider.name,
            model=provider.model,
            there=there,
        )
        fix = (
            Message("Run: ollama pull {model}", model=provider.model)
            if seen.ollama
            else Message("Correct LLM_PROVIDERS.")
        )
        yield Finding("provider", "failure", says, fix)
    else:
        says = Message(
            "{name} answers with {model} ({server}, {context} tokens)",
            name=provider.name,
            model=provider.model,
            server=server,
            context=provider.context,
        )
        yield Finding("provider", "ok", says)
