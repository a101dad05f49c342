"""ASGI application that stands before the API's own while that is loaded, which takes most of the start.

Meanwhile `/livez` is answered, as by the API; every other request waits. If the API cannot be loaded or
started, those that wait get 503 and the server ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from voxq.api.callers.headers import SecurityHeaders

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

LIVEZ = "/livez"
_ALIVE = b'{"status":"alive"}'
_JSON = (b"content-type", b"application/json")


class StartingApi:
    """The API from the moment at which its server listens."""

    def __init__(self, load: Callable[[], FastAPI], on_failure: Callable[[], None]) -> None:
        """`load` imports the application, in another thread; `on_failure` is called if that or its start
        fails, and is to end the server."""
        self._load = load
        self._on_failure = on_failure
        self._app: ASGIApp | None = None
        self._is_settled = asyncio.Event()
        """Whether it is known if there will be an application."""
        self._is_over = asyncio.Event()
        self._alive = SecurityHeaders(_alive)
        self.error: Exception | None = None
        """Why the API could not be loaded or started."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is not None:
            await self._app(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif _asks_for_life(scope) and not self._is_settled.is_set():
            await self._alive(scope, receive, send)
        else:
            await self._is_settled.wait()
            await (self._app or _unavailable)(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Run the lifespan: the server may listen at once, and ends after the application has."""
        await receive()
        running = asyncio.create_task(self._run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._is_over.set()
        await running
        await send({"type": "lifespan.shutdown.complete"})

    async def _run(self) -> None:
        try:
            app = await asyncio.to_thread(self._load)
            async with app.router.lifespan_context(app):
                self._app = app
                self._is_settled.set()
                await self._is_over.wait()
        except Exception as error:
            self.error = error
            self._on_failure()
        finally:
            self._is_settled.set()


def _asks_for_life(scope: Scope) -> bool:
    return scope["path"] == LIVEZ and scope["method"] in ("GET", "HEAD") and not scope["query_string"]


async def _alive(scope: Scope, receive: Receive, send: Send) -> None:
    await _answer(send, 200, _ALIVE)


async def _unavailable(scope: Scope, receive: Receive, send: Send) -> None:
    await _answer(send, 503, b"")


async def _answer(send: Send, status: int, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    headers = [_JSON, length] if body else [length]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
