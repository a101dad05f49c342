"""How many requests may wait: each holds a connection for as long as its task takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from voxq.core.refusal import Refusal


class WaitingRequests:
    """The waiting requests of one process, by owner."""

    def __init__(self, most: int, *, is_shared: bool) -> None:
        """`most` of all owners at once. When it is shared, none may have more places than it leaves free: one
        alone gets half, two get a third each, and there is room for whoever comes next."""
        self._most = most
        self._is_shared = is_shared
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def place_for(self, owner: str) -> Iterator[None]:
        """One more place, for as long as the context. Raises Refusal ("too_many_waiting")."""
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
