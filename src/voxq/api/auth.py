"""Who is calling. With API_KEYS every call needs one of them; its name owns what the call makes."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from voxq.api.request_metrics import OWNER
from voxq.api.service import TheService
from voxq.tasks.refusal import Refusal

ANONYMOUS = "anonymous"
"""Owns everything while no API_KEYS are set."""

_bearer = HTTPBearer(auto_error=False, description="One of API_KEYS; not needed while none are set.")


def owner_of(keys: Mapping[str, str], given: str | None) -> str | None:
    """The owner of the key in a header (decoded as Latin-1), or None.

    Takes as long whichever key it is, and whether it is one.
    """
    found = None
    digest = hashlib.sha256((given or "").encode("latin-1", "replace")).digest()
    for key, owner in keys.items():
        if hmac.compare_digest(hashlib.sha256(key.encode()).digest(), digest):
            found = owner
    return found


def is_local(server: tuple[str, int | None] | None) -> bool:
    """Whether a connection to this address of ours came from this machine, as far as the address tells."""
    try:
        return server is None or ipaddress.ip_address(server[0]).is_loopback
    except ValueError:
        return True  # a Unix socket


async def _owner(
    request: Request,
    service: TheService,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    settings = service.settings
    if keys := settings.keys:
        owner = owner_of(keys, credentials.credentials if credentials else None)
        if owner is None:
            raise Refusal("unauthorized", "Send one of this service's keys as 'Authorization: Bearer KEY'")
        setattr(request.state, OWNER, owner)
        return owner
    # The settings are checked at start, but `uvicorn --host 0.0.0.0` does not ask them.
    if not settings.allow_anonymous and not is_local(request.scope.get("server")):
        raise Refusal("exposed", "Set API_KEYS, or ALLOW_ANONYMOUS=true, to serve beyond this machine")
    setattr(request.state, OWNER, ANONYMOUS)
    return ANONYMOUS


Owner = Annotated[str, Depends(_owner)]
"""The caller's name. Raises Refusal ("unauthorized", "exposed")."""


async def may_measure(
    request: Request,
    service: TheService,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """As for everything else, unless METRICS_ANONYMOUS=true. Raises Refusal ("unauthorized", "exposed")."""
    if not service.settings.metrics_anonymous:
        await _owner(request, service, credentials)
