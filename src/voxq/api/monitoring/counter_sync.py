"""Transfer of this process's counters to Redis, so that every API process can report them."""

from __future__ import annotations

import asyncio
import contextlib

import redis.asyncio
from redis.exceptions import RedisError

from voxq.api import cancellation
from voxq.metrics.counters import Counters, add_to_sums
from voxq.queue import script

_EVERY_SECONDS = 1.0


class CounterSync:
    """Sends new amounts once a second. Belongs to one event loop."""

    def __init__(self, client: redis.asyncio.Redis, counters: Counters) -> None:
        self._client = client
        self._counters = counters
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._go_on())

    async def close(self) -> None:
        """Stop, and send the last amounts if Redis answers."""
        if self._task is not None:
            await cancellation.end(self._task)
        with contextlib.suppress(RedisError):
            await self.send()

    async def send(self) -> None:
        """Send new amounts now. Raises redis.exceptions.RedisError and keeps the amounts then."""
        parcel = self._counters.parcel()
        if parcel is not None:
            await script.run_async(self._client, add_to_sums(parcel))
            self._counters.arrived(parcel)

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            with contextlib.suppress(RedisError):
                await self.send()
