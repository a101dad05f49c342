"""Greatest use of a device's memory while something runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from voxq.machine.device_memory import memory_of

_PERIOD = 0.1


class Peak:
    """Greatest use in MB above that at the start; of the whole device, because a container may not see which
    process uses it."""

    def __init__(self, device: str) -> None:
        self._memory = memory_of(device)
        self._before = self._memory.read().used_mb
        self._most = 0

    @property
    def mb(self) -> int:
        """Greatest use so far."""
        self.read()
        return self._most

    def read(self) -> None:
        """Take the present use into account."""
        self._most = max(self._most, self._memory.read().used_mb - self._before)


@contextmanager
def peak(device: str) -> Iterator[Peak]:
    """Watch the memory of a device."""
    watched, ended = Peak(device), threading.Event()

    def watch() -> None:
        while not ended.wait(_PERIOD):
            watched.read()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield watched
    finally:
        ended.set()
        thread.join()
