"""Cancellation of asyncio tasks: for good, and when their client disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

T = TypeVar("T")

_PATIENCE_SECONDS = 0.1


async def end(task: asyncio.Task[object]) -> None:
    """Cancel the task until it has ended, whatever its outcome.

    One cancellation is not enough: redis-py (seen with 8.1) loses one that arrives in the middle of a
    command, and a loop around that command would go on for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_PATIENCE_SECONDS)


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
        await end(working)


async def _disconnection(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
