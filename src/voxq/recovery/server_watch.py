"""Looks whether the server that work was entrusted to can still be trusted with it."""

from __future__ import annotations

import redis
from loguru import logger

from voxq.queue import redis_check
from voxq.queue.redis_errors import Repeats


class ServerWatch:
    """What is checked at every start can come about later, too: another policy, a failover, no room."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._said = Repeats(600)

    def look(self) -> None:
        """Write to the log what is wrong. Raises redis.exceptions.RedisError."""
        for sentence in redis_check.hindrances(self._client.info()):  # pyright: ignore[reportArgumentType]
            if self._said.is_news(sentence):
                logger.error("{}", sentence)
