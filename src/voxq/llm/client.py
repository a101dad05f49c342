"""Asks one provider: with limits on time, size and requests at once, retries, and a circuit breaker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from voxq.back_off import BackOff
from voxq.llm import errors, reading
from voxq.llm.breaker import Breaker
from voxq.llm.dialects import Dialect, Messages, NotTheProtocol, Ollama, OpenAI, Piece, refused_field
from voxq.llm.errors import ProviderError
from voxq.llm.provider import Provider

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 5.0
_SEND_SECONDS = 30.0
_LOOK_SECONDS = 5.0
"""Time limit of the question which API the server has."""
_TRIES = 3
_PAUSES = BackOff.growing(0.5, most=4.0)
_LONGEST_PAUSE = 30.0
"""Longest pause that a provider may ask for (Retry-After): beyond it the request has failed."""
_REST_SECONDS = 30.0
"""Seconds that a request waits for a provider which is left alone."""
_LOOK_AGAIN_SECONDS = 0.05
_MOST_THOUGHTS = 40_000
"""Characters for what a model thinks aloud in its answer before it writes."""
_DRAIN_SECONDS = 0.1
"""Time limit for the end of a response after the end of its answer: then its connection can be used again."""


OnText = Callable[[Sequence[str]], None]
"""Takes the pieces of an answer that have come so far."""


def _nobody(pieces: Sequence[str]) -> None:
    pass


def http_client(provider: Provider) -> httpx.AsyncClient:
    """Make the HTTP client of a provider, which sends no key by itself. It follows no redirect, and uses the
    proxies of the environment only for what is not near."""
    import httpx  # late, because it takes 10 MB, and a process without a provider has no use for it

    return httpx.AsyncClient(
        headers={"Accept-Encoding": "identity", "User-Agent": "voxq"},
        timeout=httpx.Timeout(None, connect=CONNECT_SECONDS, write=_SEND_SECONDS),
        limits=httpx.Limits(max_connections=None),
        trust_env=not provider.is_near,
        follow_redirects=False,
    )


class Client:
    """Client of one provider, used in one event loop."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._http = http_client(provider)
        self._places = asyncio.Semaphore(provider.calls)
        self._breaker = Breaker()
        self._looking = asyncio.Lock()
        self._dialect: Dialect | None = None
        self._without: set[str] = set()
        """Optional fields that the server refuses."""

    async def close(self) -> None:
        await self._http.aclose()

    async def complete(self, messages: Messages, *, most_characters: int, on_text: OnText = _nobody) -> str:
        """Return the answer, of at most `most_characters` besides thoughts. Raises ProviderError.

        A failure that may pass is tried again, with pauses; a bad answer is asked for once more. `on_text` is
        called with each piece that comes: with all of this answer so far, which may not be the one returned.
        """
        async with self._places:
            failed = bad = 0
            while True:
                try:
                    return await self._once(messages, most_characters, on_text)
                except ProviderError as error:
                    bad += error.code == errors.BAD_ANSWER
                    failed += error.is_transient
                    is_over = bad > 1 or failed >= _TRIES
                    if is_over or not (error.is_transient or error.code == errors.BAD_ANSWER):
                        raise
                    pause = error.retry_after
                    if pause is not None and pause > _LONGEST_PAUSE:
                        raise
                    if pause is None:
                        pause = _PAUSES.after(failed) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
                await asyncio.sleep(pause)

    async def _once(self, messages: Messages, most_characters: int, on_text: OnText) -> str:
        async with self._allowed():
            dialect = self._dialect or await self._look()
            while True:
                try:
                    return await self._ask(dialect, messages, most_characters, on_text)
                except _FieldRefused as refusal:
                    self._without.add(refusal.name)

    @asynccontextmanager
    async def _allowed(self) -> AsyncIterator[None]:
        """Wait until the circuit breaker allows a request, and report its end. Raises ProviderError."""
        deadline = time.monotonic() + _REST_SECONDS
        while not self._breaker.allows(now := time.monotonic()):
            left = self._breaker.seconds_left(now)
            if now + left >= deadline:
                raise errors.resting(self.provider.name, max(1.0, left))
            await asyncio.sleep(max(left, _LOOK_AGAIN_SECONDS))
        try:
            yield
        except ProviderError as error:
            if error.is_outage:
                self._breaker.failed(time.monotonic())
            else:
                self._breaker.succeeded()
            raise
        except BaseException:
            self._breaker.gave_up()
            raise
        self._breaker.succeeded()

    async def _look(self) -> Dialect:
        """Find out which API the server has. Raises ProviderError if it cannot be reached."""
        async with self._looking:
            if self._dialect is None:
                version = await ollama_version(self._http, self.provider)
                self._dialect = OpenAI() if version is None else Ollama()
        return self._dialect

    async def _ask(self, dialect: Dialect, messages: Messages, most_characters: int, on_text: OnText) -> str:
        provider = self.provider
        try:
            async with asyncio.timeout(provider.seconds), self._sent(dialect, messages) as response:
                if response.status_code == 200:
                    return await self._answer(dialect, response, most_characters, on_text)
                said = await reading.error_text(provider, response)
        except TimeoutError:
            raise errors.timed_out(provider.name, provider.seconds) from None
        status, pause = response.status_code, reading.retry_after(response)
        if status == 400 and (name := refused_field(dialect, said, self._without)):
            raise _FieldRefused(name)
        raise errors.of_status(provider.name, provider.model, status, said, pause)

    @asynccontextmanager
    async def _sent(self, dialect: Dialect, messages: Messages) -> AsyncIterator[httpx.Response]:
        """Send a request and give its response, of which the body is still to come. Raises ProviderError."""
        import httpx

        provider = self.provider
        body = json.dumps(dialect.request(provider, messages, self._without)).encode()
        headers = {"Content-Type": "application/json", **provider.headers}
        request = self._http.build_request("POST", dialect.url(provider), content=body, headers=headers)
        try:
            async with asyncio.timeout(provider.first_seconds):
                response = await self._http.send(request, stream=True)
        except TimeoutError:
            raise errors.timed_out(provider.name, provider.first_seconds) from None
        except (httpx.HTTPError, OSError):
            raise errors.unreachable(provider.name) from None
        try:
            yield response
        except (httpx.HTTPError, OSError):
            raise errors.closed_early(provider.name) from None
        finally:
            await response.aclose()

    async def _answer(
        self, dialect: Dialect, response: httpx.Response, most_characters: int, on_text: OnText
    ) -> str:
        """Read an answer to its end. Raises ProviderError."""
        name = self.provider.name
        parts: list[str] = []
        length, end, is_over = 0, None, False
        try:
            async for piece in self._pieces(dialect, response):
                if piece.error is not None:
                    raise errors.of_status(name, self.provider.model, 500, piece.error)
                length += len(piece.text)
                parts.append(piece.text)
                if length > most_characters + (_MOST_THOUGHTS if _thinks(parts[0]) else 0):
                    raise errors.endless(name)
                on_text(parts)
                end = piece.end or end
                is_over = is_over or piece.is_last or end is not None
        except NotTheProtocol:
            raise errors.no_answer(name) from None
        if not is_over:
            raise errors.closed_early(name)
        if end == "length":
            # What is already longer than an answer should be would fill a larger context, too.
            raise errors.endless(name) if 2 * length > most_characters else errors.cut_off(name)
        text = "".join(parts)
        if not text.strip():
            raise errors.empty_answer(name)
        return text

    async def _pieces(self, dialect: Dialect, response: httpx.Response) -> AsyncIterator[Piece]:
        """Yield the pieces of an answer that is streamed, or the only one of another."""
        import httpx

        patience = self.provider.first_seconds
        if response.headers.get("content-type", "").partition(";")[0] == "application/json":
            yield dialect.answer(await reading.whole(self.provider, response, first_seconds=patience))
            return
        lines = reading.lines(self.provider, response, first_seconds=patience)
        async for line in lines:
            piece = dialect.piece(line)
            if piece is not None:
                yield piece
                if piece.is_last:
                    break
        with contextlib.suppress(TimeoutError, ProviderError, httpx.HTTPError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for _ in lines:
                    pass


async def ollama_version(client: httpx.AsyncClient, provider: Provider) -> str | None:
    """Return the version of Ollama; None of another server. Raises ProviderError if it does not answer."""
    import httpx

    try:
        async with (
            asyncio.timeout(_LOOK_SECONDS),
            client.stream("GET", f"{provider.root}/api/version") as response,
        ):
            if response.status_code != 200:
                return None
            said = await reading.error_text(provider, response)
    except TimeoutError:
        raise errors.timed_out(provider.name, _LOOK_SECONDS) from None
    except (httpx.HTTPError, OSError):
        raise errors.unreachable(provider.name) from None
    try:
        answer = json.loads(said)
    except ValueError:
        return None
    version = answer.get("version") if isinstance(answer, dict) else None
    return version if isinstance(version, str) else None


def _thinks(beginning: str) -> bool:
    """Whether an answer begins with a mark, such as <think>."""
    return beginning.lstrip()[:1] in ("<", "[", "◁")


class _FieldRefused(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
