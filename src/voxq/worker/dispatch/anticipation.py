"""A short wait for a more urgent task that is just being decoded."""

from __future__ import annotations

from collections.abc import Iterable

from voxq.core.task import Lane

PATIENCE = 0.3
"""Longest wait, in seconds. A voice note is decoded in less; without the wait, one that arrives just before a
batch ends would have to wait for the whole next batch, too."""

_RANKS = {lane: rank for rank, lane in enumerate(Lane)}


class Anticipation:
    """Holds back a batch for at most `PATIENCE` seconds, however many tasks arrive. Times in seconds on any
    one clock."""

    def __init__(self) -> None:
        self._waiting_since: float | None = None
        self.wait_until = 0.0
        """Last value that `hold_until` returned."""

    def hold_until(self, now: float, lane: Lane, coming: Iterable[tuple[Lane, float]]) -> float:
        """Time until which a batch led by a chunk of `lane` has to wait; not after `now` if it may go.

        `coming`: lane and time of admission of each task that has no chunk yet.
        """
        awaited = [since + PATIENCE for other, since in coming if _RANKS[other] < _RANKS[lane]]
        latest = max(awaited, default=now)
        if latest > now:
            self._waiting_since = now if self._waiting_since is None else self._waiting_since
            latest = min(latest, self._waiting_since + PATIENCE)
        self.wait_until = max(latest, now)
        return self.wait_until

    def went(self) -> None:
        """Record that a batch was given, which ends the wait."""
        self._waiting_since = None
