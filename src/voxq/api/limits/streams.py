"""How many streams, of events or speech, may be open: each holds a connection as long as its task takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from voxq.core.refusal import Refusal


class Streams:
    """The open streams of one process, by owner."""

    def __init__(self, most: int) -> None:
        """`most` of one owner at once."""
        self._most = most
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_of(self, owner: str) -> Iterator[None]:
        """One more stream, for as long as the context. Raises Refusal ("too_many_streams")."""
        if self._open[owner] >= self._most:
            raise Refusal("too_many_streams", f"{self._most} streams are open; close one first")
        self._open[owner] += 1
        try:
            yield
        finally:
            self._open[owner] -= 1
            if not self._open[owner]:
                del self._open[owner]
