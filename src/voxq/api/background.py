"""Cancellation of asyncio tasks that run in the background."""

from __future__ import annotations

import asyncio

_PATIENCE_SECONDS = 0.1


async def end(task: asyncio.Task[object]) -> None:
    """Cancel the task until it has ended, whatever its outcome.

    One cancellation is not enough: redis-py (seen with 8.1) loses one that arrives in the middle of a
    command, and a loop around that command would go on for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_PATIENCE_SECONDS)
