"""A clock that goes on only when it is told to."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self


class FakeClock:
    """Within its context, `time.monotonic` and `time.time` are its own, and `time.sleep` moves it on."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        """`now`: seconds since the epoch."""
        self.now = now
        self._real = (time.monotonic, time.time, time.sleep)

    def advance(self, seconds: float) -> None:
        """So many seconds go by."""
        self.now += seconds

    def __enter__(self) -> Self:
        time.monotonic = time.time = lambda: self.now
        time.sleep = self.advance
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        time.monotonic, time.time, time.sleep = self._real
