"""A trouble that lasts is told once, and not each time that something is tried again."""

from __future__ import annotations

from loguru import logger


class DiskWarnings:
    """What a worker says of a disk that takes nothing, or a system that gives nothing."""

    def __init__(self, worker_id: int) -> None:
        self._worker_id = worker_id
        self._reason: str | None = None

    def about(self, error: OSError | str) -> None:
        reason = error.rstrip(".") if isinstance(error, str) else error.strerror or type(error).__name__
        if reason != self._reason:
            self._reason = reason
            logger.error("Worker-{} is held up: {}; trying again", self._worker_id, reason)

    def is_over(self) -> None:
        """It worked again."""
        if self._reason is not None:
            self._reason = None
            logger.info("Worker-{} is not held up any more", self._worker_id)
