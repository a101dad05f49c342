"""Counting of requests and measurement of the time until their response starts."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voxq.metrics.catalogue import REQUEST_SECONDS, REQUESTS
from voxq.metrics.counters import Counters

OWNER = "owner"
"""Name in a request's state under which the owner of its key is stored."""

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_OTHER = "other"
"""Label for unknown methods and paths: clients may send any, and each would be a time series for ever."""
_GONE = 499


class RequestMetrics:
    """Middleware; must be outside everything that makes responses."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self._app = app
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        heard_at = time.perf_counter()
        seconds: float | None = None
        status = _GONE

        async def listening() -> Message:
            nonlocal heard_at
            message = await receive()
            if message["type"] == "http.request":
                heard_at = time.perf_counter()
            return message

        async def speaking(message: Message) -> None:
            nonlocal seconds, status
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - heard_at
            await send(message)

        try:
            await self._app(scope, listening, speaking)
        finally:
            self._count(scope, status, seconds)

    def _count(self, scope: Scope, status: int, seconds: float | None) -> None:
        route = getattr(scope.get("route"), "path", _OTHER)
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        owner = scope.get("state", {}).get(OWNER, "")
        self._counters.add(REQUESTS, route, method, str(status), owner)
        if seconds is not None:
            self._counters.observe(REQUEST_SECONDS, seconds, route, method)
