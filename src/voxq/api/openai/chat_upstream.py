"""Requests to the providers behind the chat routes, and their answers with limits on time and size."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import Request
from starlette.types import Receive, Scope, Send

from voxq.api.openai import sse
from voxq.api.openai.sse import EventStream
from voxq.core import strict_json
from voxq.core.refusal import Refusal, shown
from voxq.llm import errors, reading
from voxq.llm.client import http_client
from voxq.llm.errors import ProviderError
from voxq.llm.provider import Provider
from voxq.locale import Message

if TYPE_CHECKING:
    import httpx

_LONGEST_DETAIL = 500


class Upstreams:
    """The providers as the API process knows them. Belongs to one event loop."""

    def __init__(self, providers: Mapping[str, Provider], *, seconds: float) -> None:
        """`seconds`: the time limit of a whole answer; it begins within that of its provider."""
        self.providers = dict(providers)
        self._seconds = seconds
        self._by_model = {provider.model: provider for provider in reversed(self.providers.values())}
        self._places = {name: asyncio.Semaphore(each.calls) for name, each in providers.items()}
        self._clients: dict[str, httpx.AsyncClient] = {}

    def find(self, name: str) -> Provider | None:
        """Find a provider by its name, else by that of its model."""
        return self.providers.get(name) or self._by_model.get(name)

    async def open(self, provider: Provider, content: Mapping[str, Any]) -> Passed:
        """Send a request and wait until its answer begins. Raises Refusal.

        The answer must be read, or closed.
        """
        deadline = asyncio.get_running_loop().time() + self._seconds
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._place(provider))
            try:
                response = await stack.enter_async_context(self._sent(provider, content))
                passed = await Passed.begin(provider, response, deadline)
            except ProviderError as error:
                raise refusal_of(error) from None
            stack.push_async_callback(passed.close)
            passed.stack = stack.pop_all()
            return passed

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    @asynccontextmanager
    async def _place(self, provider: Provider) -> AsyncIterator[None]:
        """Wait for one of the places of a provider. Raises Refusal ("too_many_waiting")."""
        places = self._places[provider.name]
        try:
            async with asyncio.timeout(provider.first_seconds):
                await places.acquire()
        except TimeoutError:
            raise Refusal(
                "too_many_waiting", Message("Too many requests wait already, please try again later")
            ) from None
        try:
            yield
        finally:
            places.release()

    @asynccontextmanager
    async def _sent(self, provider: Provider, content: Mapping[str, Any]) -> AsyncIterator[httpx.Response]:
        """Send a request and give a successful response, of which the body is still to come. Raises
        ProviderError."""
        import httpx

        if provider.name not in self._clients:  # loading certificates takes a moment
            self._clients[provider.name] = await asyncio.to_thread(http_client, provider)
        client = self._clients[provider.name]
        request = client.build_request(
            "POST",
            f"{provider.url}/chat/completions",
            content=json.dumps(content).encode(),
            headers={"Content-Type": "application/json", **provider.headers},
        )
        try:
            async with asyncio.timeout(provider.seconds):
                response = await client.send(request, stream=True)
        except TimeoutError:
            raise errors.timed_out(provider.name, provider.seconds) from None
        except (httpx.HTTPError, OSError):
            raise errors.unreachable(provider.name) from None
        try:
            if response.status_code != 200:
                said = await reading.error_text(provider, response)
                pause = reading.retry_after(response)
                error = errors.of_status(provider.name, provider.model, response.status_code, said, pause)
                error.detail = _detail(provider, error, said)
                raise error
            yield response
        finally:
            await response.aclose()


class Passed:
    """An answer that has begun: read it once, or close it."""

    def __init__(
        self,
        provider: Provider,
        pieces: AsyncGenerator[bytes],
        first: bytes,
        deadline: float,
        *,
        is_stream: bool,
    ) -> None:
        self._provider = provider
        self._pieces = pieces
        self._first = first
        self._deadline = deadline
        self.is_stream = is_stream
        self.stack = AsyncExitStack()
        """What is to be released at its end."""

    @classmethod
    async def begin(cls, provider: Provider, response: httpx.Response, deadline: float) -> Passed:
        """Wait for the first piece. Raises ProviderError."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip()
        pieces = _safe(provider, response)
        first = await anext(pieces, b"")
        if not first:
            raise errors.empty_answer(provider.name)
        return cls(provider, pieces, first, deadline, is_stream=kind == "text/event-stream")

    async def close(self) -> None:
        await self._pieces.aclose()

    async def whole(self) -> bytes:
        """Read the answer, a JSON object. Raises Refusal."""
        async with self.stack:
            body = bytearray(self._first)
            try:
                async with asyncio.timeout_at(self._deadline):
                    async for piece in self._pieces:
                        body += piece
                if not isinstance(strict_json.loads(bytes(body)), dict):
                    raise ValueError
            except TimeoutError:
                raise refusal_of(errors.timed_out(self._provider.name, self._provider.seconds)) from None
            except ValueError:
                raise refusal_of(errors.no_answer(self._provider.name)) from None
            except ProviderError as error:
                raise refusal_of(error) from None
            return bytes(body)

    def streamed(self, request: Request) -> EventStream:
        """Return the response that passes the events on."""
        return _PassedOn(self, request)

    async def events(self, request: Request) -> AsyncGenerator[str | bytes]:
        """Yield the events as they come; a failure in their middle is the last one."""
        yield self._first
        try:
            while True:
                async with asyncio.timeout_at(self._deadline):
                    piece = await anext(self._pieces, b"")
                if not piece:
                    return
                yield piece
        except TimeoutError:
            error = errors.timed_out(self._provider.name, self._provider.seconds)
            yield "\n\n" + await sse.failure(request, refusal_of(error))
        except ProviderError as error:
            yield "\n\n" + await sse.failure(request, refusal_of(error))


class _PassedOn(EventStream):
    def __init__(self, passed: Passed, request: Request) -> None:
        super().__init__(passed.events(request), {})
        self._passed = passed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._passed.stack:  # also where the client has gone before the first event
            await super().__call__(scope, receive, send)


async def _safe(provider: Provider, response: httpx.Response) -> AsyncGenerator[bytes]:
    """Yield the pieces of a body. Raises ProviderError."""
    import httpx

    try:
        async for piece in reading.pieces(provider, response, first_seconds=provider.seconds):
            yield piece
    except (httpx.HTTPError, OSError):
        raise errors.closed_early(provider.name) from None


_CODES = {errors.REQUEST_REFUSED: "provider_refused", errors.TOO_LONG: "context_length_exceeded"}


def refusal_of(error: ProviderError) -> Refusal:
    """Convert a failure of a provider to the refusal of a request."""
    details: dict[str, Any] = {}
    if error.code == errors.BUSY:
        details["retry_after"] = max(1, round(error.retry_after or 1))
    if error.detail is not None:
        details["detail"] = error.detail
    return Refusal(_CODES.get(error.code, error.code), error.message, **details)


def _detail(provider: Provider, error: ProviderError, said: str) -> str | None:
    """Return what a provider says of a request that it does not accept: a client that uses tools or pictures
    needs to know. None where the sentence names the key or the address."""
    if error.code not in _CODES:
        return None
    try:
        problem = json.loads(said)["error"]
        sentence = problem if isinstance(problem, str) else problem["message"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(sentence, str):
        return None
    private = (provider.key, urlsplit(provider.url).hostname or "")
    if any(each and each.lower() in sentence.lower() for each in private):
        return None
    return shown(sentence, _LONGEST_DETAIL)
