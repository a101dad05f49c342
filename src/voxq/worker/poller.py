"""Waits for the descriptors of the worker's loop, and calls the reader of each."""

from __future__ import annotations

import contextlib
import selectors
from collections.abc import Callable, Iterable


class Poller:
    """Maps each descriptor to one callback."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._watched_since: set[int] = set()
        """Descriptors that were not yet watched at the last `wait`, or were others with the same number."""

    def watch(self, descriptor: int, callback: Callable[[], None]) -> None:
        self.unwatch(descriptor)  # a closed descriptor's number may come back as another process's
        self._selector.register(descriptor, selectors.EVENT_READ)
        self._callbacks[descriptor] = callback
        self._watched_since.add(descriptor)

    def unwatch(self, descriptor: int) -> None:
        """Stop watching a descriptor, also one that is closed already or was never watched."""
        if self._callbacks.pop(descriptor, None) is not None:
            with contextlib.suppress(KeyError, ValueError, OSError):
                self._selector.unregister(descriptor)

    def wait(self, seconds: float) -> list[int]:
        """Wait at most `seconds` until a descriptor can be read. Returns all that can."""
        self._watched_since.clear()
        return [key.fd for key, _ in self._selector.select(max(0.0, seconds))]

    def call(self, descriptors: Iterable[int]) -> None:
        """Call the callbacks of these descriptors, which `wait` returned.

        An earlier callback may have ended the process of a later one, and started another that got its number
        and has sent nothing: reading from that would block.
        """
        for descriptor in descriptors:
            callback = self._callbacks.get(descriptor)
            if callback is not None and descriptor not in self._watched_since:
                callback()
