"""Cache for the result of one query, so that many clients asking at once cost one query."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Result that is computed again once it is older than so many seconds. Belongs to one event loop."""

    def __init__(self, ask: Callable[[], Awaitable[T]], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._latest: asyncio.Future[T] | None = None
        self._asked = 0.0

    async def get(self) -> T:
        """Return the result. Raises as the query does; an exception is cached, too."""
        if self._latest is None or time.monotonic() - self._asked > self._seconds:
            self._asked = time.monotonic()
            self._latest = asyncio.ensure_future(self._ask())
        # Shielded, because other clients may wait for the same query when this one disconnects.
        return await asyncio.shield(self._latest)
