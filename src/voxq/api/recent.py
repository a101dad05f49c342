"""An answer that a hundred clients want at once, asked for once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Asks again only when the last answer is older than so many seconds. Belongs to one event loop."""

    def __init__(self, ask: Callable[[], Awaitable[T]], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._latest: asyncio.Future[T] | None = None
        self._asked = 0.0

    async def get(self) -> T:
        """Raises whatever asking raises; for so many seconds that is the answer, too."""
        if self._latest is None or time.monotonic() - self._asked > self._seconds:
            self._asked = time.monotonic()
            self._latest = asyncio.ensure_future(self._ask())
        # Shielded: the others who wait for the same answer must not lose it with this client.
        return await asyncio.shield(self._latest)
