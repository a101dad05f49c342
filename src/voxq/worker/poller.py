"""Which descriptors the worker's loop waits for, and who is called when one can be read."""

from __future__ import annotations

import contextlib
import selectors
from collections.abc import Callable, Iterable


class Poller:
    """One callback per descriptor."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._callbacks: dict[int, Callable[[], None]] = {}

    def watch(self, descriptor: int, callback: Callable[[], None]) -> None:
        self.unwatch(descriptor)  # a closed descriptor's number may come back as another process's
        self._selector.register(descriptor, selectors.EVENT_READ)
        self._callbacks[descriptor] = callback

    def unwatch(self, descriptor: int) -> None:
        """Also for descriptors that are closed already, or were never watched."""
        if self._callbacks.pop(descriptor, None) is not None:
            with contextlib.suppress(KeyError, ValueError, OSError):
                self._selector.unregister(descriptor)

    def wait(self, seconds: float) -> list[int]:
        """The descriptors that can be read, waiting at most `seconds` for one."""
        return [key.fd for key, _ in self._selector.select(max(0.0, seconds))]

    def call(self, descriptors: Iterable[int]) -> None:
        """Call whoever reads from these."""
        for descriptor in descriptors:
            callback = self._callbacks.get(descriptor)
            if callback is not None:  # an earlier callback may have ended its process
                callback()
