"""Cancellation of work when its client disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from voxq.api import background

T = TypeVar("T")


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Run `work` and return its result; cancel it and raise ClientDisconnect once the client has gone.

    Raises whatever `work` raises. The body of the request must have been read.
    """
    working = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnection(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        gone.cancel()
        await background.end(working)


async def _disconnection(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
