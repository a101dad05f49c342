"""A look at a provider: which server it is, and which models it lists. No text is sent."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import httpx

from voxq.llm import errors, reading
from voxq.llm.client import http_client, ollama_version
from voxq.llm.provider import Provider
from voxq.locale import Message

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a provider says of itself."""

    models: tuple[str, ...] | None
    """Names of its models; None if it does not list them."""
    ollama: str | None
    """The version of Ollama, if it is Ollama."""

    def has(self, model: str) -> bool:
        """Whether a model is listed; Ollama takes a name without a tag for its latest version."""
        listed = self.models or ()
        return model in listed or (self.ollama is not None and f"{model}:latest" in listed)


async def look(provider: Provider) -> Seen:
    """Ask a provider. Raises ProviderError."""
    async with http_client(provider) as client:
        version = await ollama_version(client, provider)
        try:
            async with (
                asyncio.timeout(_SECONDS),
                client.stream("GET", f"{provider.url}/models", headers=provider.headers) as response,
            ):
                if response.status_code in (404, 405):
                    return Seen(None, version)
                if response.status_code != 200:
                    said = await reading.error_text(provider, response)
                    raise errors.of_status(provider.name, provider.model, response.status_code, said)
                body = await reading.whole(provider, response, first_seconds=_SECONDS)
        except TimeoutError:
            raise errors.timed_out(provider.name, _SECONDS) from None
        except (httpx.HTTPError, OSError):
            raise errors.unreachable(provider.name) from None
    return Seen(_names(provider, body), version)


def _names(provider: Provider, body: bytes) -> tuple[str, ...]:
    """Read a list of models. Raises ProviderError."""
    try:
        listed = json.loads(body)["data"]
        return tuple(str(each["id"]) for each in listed)
    except (ValueError, KeyError, TypeError):
        says = Message("The provider {provider} sent no list of its models.", provider=provider.name)
        raise errors.bad_answer(says) from None
