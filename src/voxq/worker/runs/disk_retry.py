"""A disk that takes nothing is waited for, within reason: it is no task's fault."""

from __future__ import annotations

from dataclasses import dataclass

_RETRY_SECONDS = 2.0


@dataclass(slots=True)
class DiskRetry:
    """Of one task. Times on the monotonic clock."""

    not_before: float = 0.0
    """When to try again."""
    _since: float | None = None

    def again(self, now: float, patience: float) -> bool:
        """It did not work now. False once it has not for more than `patience` seconds: give it up."""
        self._since = now if self._since is None else self._since
        self.not_before = now + _RETRY_SECONDS
        return now - self._since <= patience

    def over(self) -> None:
        """It worked."""
        self._since = None
