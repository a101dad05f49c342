"""A disk that accepts no data: said once and not for every try, and waited for within a limit.

No task is to blame for it. The same goes for a system that grants no resources for a moment.
"""

from __future__ import annotations

from dataclasses import dataclass

from loguru import logger

_RETRY_SECONDS = 2.0


class DiskWarnings:
    """Logs the trouble of one worker, once per reason."""

    def __init__(self, worker_id: int) -> None:
        self._worker_id = worker_id
        self._reason: str | None = None

    def about(self, error: OSError | str) -> None:
        reason = error.rstrip(".") if isinstance(error, str) else error.strerror or type(error).__name__
        if reason != self._reason:
            self._reason = reason
            logger.error("Worker-{} cannot write: {}; trying again", self._worker_id, reason)

    def is_over(self) -> None:
        """Log the recovery, if a trouble was logged before."""
        if self._reason is not None:
            self._reason = None
            logger.info("Worker-{} can write again", self._worker_id)


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
