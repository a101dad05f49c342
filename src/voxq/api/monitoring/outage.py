"""Logging of Redis outages, now and then instead of at every failed request."""

from __future__ import annotations

from loguru import logger
from redis.exceptions import RedisError

from voxq.queue.redis_errors import Repeats, explain, state_of


class Outage:
    """Log of Redis errors in one API process."""

    def __init__(self) -> None:
        self._said = Repeats()

    def tell(self, error: RedisError) -> None:
        """Log the error, unless it was logged recently."""
        reason = explain(error)
        if self._said.is_news(reason):
            if state_of(error):
                logger.warning("Redis is unavailable: {}", reason)
            else:
                logger.error("{}", reason)
