"""Notification of a webhook: one POST, only to the registered address and with a short timeout."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import httpcore
import httpx

from voxq.core.addresses import is_public
from voxq.queue.webhook_queue import Delivery
from voxq.settings.webhooks import Webhook
from voxq.storage.journal.port import Journal
from voxq.webhooks.message import body_of, headers_of

ATTEMPT_SECONDS = 5.0
MOST_AT_ONCE = 16


class PostFailed(Exception):
    """The webhook did not accept the message; the error says why, without address or content."""


async def notify(poster: Poster, webhook: Webhook, delivery: Delivery, journal: Journal) -> None:
    """Notify the webhook, unless the journal shows that it was notified before. Raises PostFailed."""
    if await asyncio.to_thread(journal.was_notified, delivery.task_id, delivery.run):
        return
    body = body_of(delivery, await asyncio.to_thread(journal.ended, delivery.task_id, delivery.run))
    await poster.post(webhook.url, headers_of(delivery, body, webhook.secret, time.time()), body)
    await asyncio.to_thread(journal.mark_notified, delivery.task_id, delivery.run)


class Poster:
    """HTTP client that follows no redirect, uses no proxy and reads only the status of a response, so that
    its connections are never used again."""

    def __init__(self, *, allow_private: bool) -> None:
        self._backend = _CheckedBackend(allow_private)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=MOST_AT_ONCE,
            network_backend=self._backend,
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send `body`. Raises PostFailed unless a 2xx response comes within ATTEMPT_SECONDS."""
        try:
            async with (
                asyncio.timeout(ATTEMPT_SECONDS),
                self._pool.stream("POST", url, headers=list(headers.items()), content=body) as answer,
            ):
                status = answer.status
        except TimeoutError:
            raise PostFailed(f"no answer within {ATTEMPT_SECONDS:.0f} s") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise PostFailed(str(error) if isinstance(error, _Forbidden) else type(error).__name__) from None
        if not 200 <= status < 300:
            raise PostFailed(f"HTTP {status}")

    async def close(self) -> None:
        await self._pool.aclose()
        self._backend.close()


class _Forbidden(httpcore.ConnectError):
    pass


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to exactly the address that was checked, because a name may resolve differently later."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())
        # Its own threads, because a hanging resolver must not use up those of the event loop.
        self._resolvers = ThreadPoolExecutor(MOST_AT_ONCE, "webhook-dns")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's signature)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError("the name has no address")
        for address in await self._addresses(host, port):
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                failure = error
        raise failure

    async def _addresses(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._allow_private and not all(map(is_public, addresses)):
            raise _Forbidden("its name resolves to a private address")
        return addresses

    def close(self) -> None:
        self._resolvers.shutdown(wait=False, cancel_futures=True)
