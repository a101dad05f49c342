"""Route for the requests that come most often, called without the framework's own resolution of dependencies.

It is declared, documented and matched like any other. But what its endpoint asks for is looked up here, once
for each route: for a submission the framework takes as long as for two commands to Redis.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.routing import APIRoute

from voxq.api.callers.auth import Owner, caller_of
from voxq.api.query import check_query
from voxq.api.service import TheService
from voxq.api.submission.idempotency import HEADER, IdempotencyKey

Handler = Callable[[Request], Awaitable[Response]]


async def _request(request: Request) -> Request:
    return request


async def _service(request: Request) -> Any:
    return request.app.state.service


async def _idempotency_key(request: Request) -> str | None:
    return request.headers.get(HEADER)


_FOUND: tuple[tuple[Any, Callable[[Request], Awaitable[Any]]], ...] = (
    (Request, _request),
    (TheService, _service),
    (Owner, caller_of),
    (IdempotencyKey, _idempotency_key),
)
"""Annotations of what an endpoint may ask for, and how each is found."""


class DirectRoute(APIRoute):
    """Route whose endpoint asks for what is in `_FOUND`, and returns a Response."""

    def get_route_handler(self) -> Any:
        """Return the handler. Raises TypeError if the endpoint asks for anything else."""
        return _handler_of(self.endpoint)


def _handler_of(endpoint: Callable[..., Awaitable[Response]]) -> Handler:
    hints = get_type_hints(endpoint, include_extras=True)
    wanted = [(name, _finder_of(hint)) for name, hint in hints.items() if name != "return"]

    async def handle(request: Request) -> Response:
        await check_query(request)
        return await endpoint(**{name: await find(request) for name, find in wanted})

    return handle


def _finder_of(hint: Any) -> Callable[[Request], Awaitable[Any]]:
    for annotation, find in _FOUND:
        if hint == annotation:
            return find
    raise TypeError(f"a direct route cannot find {hint}")
