"""Limited retries on a disk that accepts no data: no task is to blame for it."""

from __future__ import annotations

from dataclasses import dataclass

_RETRY_SECONDS = 2.0


@dataclass(slots=True)
class DiskRetry:
    """Retries of one task. Times on the monotonic clock."""

    not_before: float = 0.0
    """Time of the next try."""
    _since: float | None = None

    def again(self, now: float, patience: float) -> bool:
        """Record a failure now. False once failures have lasted for more than `patience` seconds: then give
        up."""
        self._since = now if self._since is None else self._since
        self.not_before = now + _RETRY_SECONDS
        return now - self._since <= patience

    def over(self) -> None:
        """Record a success."""
        self._since = None
