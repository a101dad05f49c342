"""Tells Redis what this process has counted, so that whichever process is asked knows of it."""

from __future__ import annotations

import asyncio
import contextlib

import redis.asyncio
from redis.exceptions import RedisError

from voxq.api import background
from voxq.metrics import sums
from voxq.metrics.counters import Counters
from voxq.queue import script

_EVERY_SECONDS = 1.0


class CounterSync:
    """Once a second, if there is anything to tell. Belongs to one event loop."""

    def __init__(self, client: redis.asyncio.Redis, counters: Counters) -> None:
        self._client = client
        self._counters = counters
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._go_on())

    async def close(self) -> None:
        """Tells the last of it, if Redis is there."""
        if self._task is not None:
            await background.end(self._task)
        with contextlib.suppress(RedisError):
            await self.tell()

    async def tell(self) -> None:
        """At once. Raises redis.exceptions.RedisError; what was counted is kept then."""
        parcel = self._counters.parcel()
        if parcel is not None:
            await script.run_async(self._client, sums.tell(parcel))
            self._counters.arrived(parcel)

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            with contextlib.suppress(RedisError):
                await self.tell()
