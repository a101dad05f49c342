"""Log a lasting trouble once, and not for every retry."""

from __future__ import annotations

from loguru import logger


class DiskWarnings:
    """Logs that a disk accepts no data, or that the system grants no resources, once per reason."""

    def __init__(self, worker_id: int) -> None:
        self._worker_id = worker_id
        self._reason: str | None = None

    def about(self, error: OSError | str) -> None:
        reason = error.rstrip(".") if isinstance(error, str) else error.strerror or type(error).__name__
        if reason != self._reason:
            self._reason = reason
            logger.error("Worker-{} is held up: {}; trying again", self._worker_id, reason)

    def is_over(self) -> None:
        """Log the recovery, if a trouble was logged before."""
        if self._reason is not None:
            self._reason = None
            logger.info("Worker-{} is not held up any more", self._worker_id)
