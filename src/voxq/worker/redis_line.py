"""Redis as the worker's loop sees it: there, or away for the moment. It is never waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import redis
from loguru import logger

from voxq.tasks import script
from voxq.tasks.script import Command

T = TypeVar("T")

_PAUSE = 0.5
"""Seconds for which Redis is left alone, at the least, after it did not answer: the engine is served
meanwhile."""


class RedisLine:
    """Runs commands, and remembers an outage instead of raising it."""

    def __init__(self, client: redis.Redis, worker_id: int) -> None:
        self._client = client
        self._worker_id = worker_id
        self._away_until = 0.0
        self._is_away = False

    @property
    def is_resting(self) -> bool:
        return time.monotonic() < self._away_until

    def run(self, command: Command[T]) -> T | None:
        """The answer, or None while Redis is away."""
        return self.attempt(lambda: script.run(self._client, command))

    def attempt(self, work: Callable[[], T]) -> T | None:
        """Like `run`, for whatever talks to Redis."""
        if self.is_resting:
            return None
        asked = time.monotonic()
        try:
            answer = work()
        except redis.RedisError as error:
            now = time.monotonic()
            self._away_until = now + max(_PAUSE, now - asked)  # most of the time is not spent on waiting
            if not self._is_away:
                self._is_away = True
                logger.warning("Worker-{} Redis is away ({})", self._worker_id, type(error).__name__)
            return None
        if self._is_away:
            self._is_away = False
            logger.info("Worker-{} Redis is back", self._worker_id)
        return answer
