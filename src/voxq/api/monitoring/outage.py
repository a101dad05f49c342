"""What is wrong with Redis, said once in a while and not at every request that finds it so."""

from __future__ import annotations

from loguru import logger
from redis.exceptions import RedisError

from voxq.queue.redis_errors import Repeats, explain, state_of


class Outage:
    """Of one API process."""

    def __init__(self) -> None:
        self._said = Repeats()

    def tell(self, error: RedisError) -> None:
        """Write it to the log, unless it stands there already."""
        reason = explain(error)
        if self._said.is_news(reason):
            if state_of(error):
                logger.warning("Redis is away: {}", reason)
            else:
                logger.error("{}", reason)
