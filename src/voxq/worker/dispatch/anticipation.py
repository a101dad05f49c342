"""Whether to wait a moment for a better task that is just being decoded."""

from __future__ import annotations

from collections.abc import Iterable

from voxq.core.task import Lane

PATIENCE = 0.3
"""Seconds. A voice note is decoded in less; without it, one that comes a moment before the end of a batch
would wait for all of the next one, too."""

_RANKS = {lane: rank for rank, lane in enumerate(Lane)}


class Anticipation:
    """Holds back a batch for at most `PATIENCE` seconds, however many tasks come. Times in seconds on any one
    clock."""

    def __init__(self) -> None:
        self._waiting_since: float | None = None
        self.wait_until = 0.0
        """The last answer of `hold_until`."""

    def hold_until(self, now: float, lane: Lane, coming: Iterable[tuple[Lane, float]]) -> float:
        """Until when a batch led by a chunk of `lane` is to wait; not after `now` if it may go.

        `coming`: tasks without a chunk so far, by their lane and when they were admitted.
        """
        awaited = [since + PATIENCE for other, since in coming if _RANKS[other] < _RANKS[lane]]
        latest = max(awaited, default=now)
        if latest > now:
            self._waiting_since = now if self._waiting_since is None else self._waiting_since
            latest = min(latest, self._waiting_since + PATIENCE)
        self.wait_until = max(latest, now)
        return self.wait_until

    def went(self) -> None:
        """A batch was given."""
        self._waiting_since = None
