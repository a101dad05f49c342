"""Continuous check that the Redis server still meets its requirements."""

from __future__ import annotations

import redis
from loguru import logger

from voxq.queue import redis_check
from voxq.queue.redis_errors import Repeats


class ServerWatch:
    """Repeats the start-up checks, since a policy change, a failover or full memory can come later."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._said = Repeats(600)

    def look(self) -> None:
        """Log every problem found. Raises redis.exceptions.RedisError."""
        for sentence in redis_check.hindrances(self._client.info()):  # pyright: ignore[reportArgumentType]
            if self._said.is_news(sentence):
                logger.error("{}", sentence)
