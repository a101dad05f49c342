"""Limit on waiting requests, each of which keeps a connection until its task ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from voxq.core.refusal import Refusal


class WaitingRequests:
    """Waiting requests of one process, counted by owner."""

    def __init__(self, most: int, *, is_shared: bool) -> None:
        """`most` is the number of requests of all owners that may wait at once.

        With `is_shared`, no owner may have more places than remain free: a single owner gets half of them,
        two get a third each, and places are left for the next owner.
        """
        self._most = most
        self._is_shared = is_shared
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def place_for(self, owner: str) -> Iterator[None]:
        """Take a place inside the context. Raises Refusal ("too_many_waiting")."""
        free = self._most - self._waiting.total()
        if free < 1 or (self._is_shared and self._waiting[owner] >= free):
            raise Refusal("too_many_waiting", "Too many requests wait already, please try again later")
        self._waiting[owner] += 1
        try:
            yield
        finally:
            self._waiting[owner] -= 1
            if not self._waiting[owner]:
                del self._waiting[owner]
