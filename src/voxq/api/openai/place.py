"""Dependency that takes a place among the waiting requests before the request is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends

from voxq.api.callers.auth import Owner
from voxq.api.service import TheService


async def _with_place(service: TheService, owner: Owner) -> AsyncIterator[str]:
    with service.waiting_requests.place_for(owner):
        yield owner


Waiting = Annotated[str, Depends(_with_place)]
"""Name of the caller, who keeps the place until the response has been sent. Raises Refusal
("too_many_waiting")."""
