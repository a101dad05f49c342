"""The end of a task that runs beside the requests."""

from __future__ import annotations

import asyncio

_PATIENCE_SECONDS = 0.1


async def end(task: asyncio.Task[object]) -> None:
    """Cancel it until it has ended, whatever it ends with.

    Once is not enough: redis-py (seen with 8.1) loses a cancellation that comes in the middle of a command,
    and a loop around that command would go on for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_PATIENCE_SECONDS)
