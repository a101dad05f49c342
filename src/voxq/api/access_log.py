"""Access log with one line per request and the owner of its key, and a response to unhandled exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request, Response
from loguru import logger
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voxq.api.callers.access import ANONYMOUS
from voxq.api.monitoring.request_metrics import OWNER

_FIELDS = "log_fields"
_QUIET = "log_quiet"
_LONGEST_PATH = 200


def note(request: Request, *, quiet: bool = False, **fields: object) -> None:
    """Add fields to the request's log line; `quiet` logs it at DEBUG. Pass stored names only, never text."""
    state = request.scope.setdefault("state", {})
    state.setdefault(_FIELDS, {}).update(fields)
    state[_QUIET] = quiet


class AccessLog:
    """Middleware outside the routes. A path is logged as the client sent it: percent-encoded and cut."""

    def __init__(
        self, app: ASGIApp, failure: Callable[[str], Response], stopping: Callable[[str], Response]
    ) -> None:
        """Each function makes a response for a path: `failure` after an exception that nothing else has
        handled, `stopping` when the server stops and ends the request early."""
        self._app = app
        self._failure = failure
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            logger.exception("{} failed", _place(scope))
            if status:
                raise  # Too late for another response: the server closes the connection.
            await self._failure(scope["path"])(scope, receive, watched)
        except asyncio.CancelledError:
            if not status:  # Otherwise the server closes the connection in the middle of the response.
                await self._stopping(scope["path"])(scope, receive, watched)
        finally:
            _log(scope, status)


def _log(scope: Scope, status: int) -> None:
    state: Mapping[str, Any] = scope["state"]
    fields: Mapping[str, object] = state.get(_FIELDS, {})
    level = "DEBUG" if state.get(_QUIET) else "WARNING" if status >= 500 else "INFO"
    words = [f"{name}={value}" for name, value in fields.items()]
    if status >= 400 or not words:
        words.insert(0, str(status))
    if (owner := state.get(OWNER, ANONYMOUS)) != ANONYMOUS:
        words.append(f"owner={owner}")
    logger.log(level, "{} - {}", _place(scope), " ".join(words))


def _place(scope: Scope) -> str:
    path = scope.get("raw_path") or scope["path"].encode()
    return f"{scope['method']} {path[:_LONGEST_PATH].decode('latin-1')}"
