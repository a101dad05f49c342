"""A clock that advances only on request."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self


class FakeClock:
    """Replaces `time.monotonic` and `time.time` within its context; there, `time.sleep` advances it."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        """Start at `now`, in seconds since the epoch."""
        self.now = now
        self._real = (time.monotonic, time.time, time.sleep)

    def advance(self, seconds: float) -> None:
        """Advance by so many seconds."""
        self.now += seconds

    def __enter__(self) -> Self:
        time.monotonic = time.time = lambda: self.now
        time.sleep = self.advance
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        time.monotonic, time.time, time.sleep = self._real
