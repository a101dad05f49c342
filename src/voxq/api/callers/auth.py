"""Authentication of callers. With API_KEYS every call needs a key, whose owner owns the tasks it creates."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from voxq.api.callers import browsers
from voxq.api.callers.access import ANONYMOUS
from voxq.api.monitoring.request_metrics import OWNER
from voxq.api.service import TheService
from voxq.core.refusal import Refusal
from voxq.locale import Message

_bearer = HTTPBearer(
    auto_error=False, description="One of API_KEYS or ADMIN_KEYS; not needed if none are set."
)


def is_local(server: tuple[str, int | None] | None) -> bool:
    """Whether a connection to this address of the server came from this machine, judging by the address."""
    try:
        return server is None or ipaddress.ip_address(server[0]).is_loopback
    except ValueError:
        return True  # a Unix socket


async def authenticate(
    request: Request,
    service: TheService,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """Return the name of the caller. Raises as `Owner`."""
    settings = service.settings
    if service.access.needs_key:
        owner = service.access.owner_of(credentials.credentials if credentials else None)
        if owner is None:
            raise Refusal(
                "unauthorized", Message("Send one of this service's keys as 'Authorization: Bearer KEY'")
            )
        setattr(request.state, OWNER, owner)
        return owner
    # The settings are checked at start, but `uvicorn --host 0.0.0.0` bypasses them.
    if not settings.allow_anonymous and not is_local(request.scope.get("server")):
        raise Refusal(
            "exposed", Message("Set API_KEYS, or ALLOW_ANONYMOUS=true, to serve beyond this machine")
        )
    browsers.check(request.method, request.headers, settings)
    setattr(request.state, OWNER, ANONYMOUS)
    return ANONYMOUS


Owner = Annotated[str, Depends(authenticate)]
"""Name of the caller. Raises Refusal ("unauthorized"; without keys "exposed" and as `browsers.check`)."""


async def caller_of(request: Request) -> str:
    """Return the name of the caller of a request. Raises as `Owner`."""
    return await authenticate(request, request.app.state.service, await _bearer(request))


async def authenticate_for(request: Request, route: Dependant) -> None:
    """Require a key if this route does, before its own dependencies are resolved. Raises as `Owner`."""
    if any(each.call in (authenticate, may_measure) for each in _all(route)):
        await caller_of(request)


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for each in dependant.dependencies:
        yield from _all(each)


async def may_measure(
    request: Request,
    service: TheService,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """Require a key as for other calls, unless METRICS_ANONYMOUS=true.

    If there are admins, only they are allowed, because the metrics name the owners of all keys. Raises as
    Owner, and Refusal ("not_admin").
    """
    if service.settings.metrics_anonymous:
        return
    caller = await authenticate(request, service, credentials)
    if service.access.admins and not service.access.sees_all(caller):
        raise Refusal("not_admin", Message("The metrics name all keys, so they need one of ADMIN_KEYS"))
