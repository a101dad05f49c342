"""Limit on open streams of events or speech, each of which keeps a connection until its task ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from voxq.core.refusal import Refusal


class Streams:
    """Open streams of one process, counted by owner."""

    def __init__(self, most: int) -> None:
        """`most` is the number of streams that one owner may have open at once."""
        self._most = most
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_of(self, owner: str) -> Iterator[None]:
        """Count one more stream inside the context. Raises Refusal ("too_many_streams")."""
        if self._open[owner] >= self._most:
            raise Refusal("too_many_streams", f"{self._most} streams are open; close one first")
        self._open[owner] += 1
        try:
            yield
        finally:
            self._open[owner] -= 1
            if not self._open[owner]:
                del self._open[owner]
