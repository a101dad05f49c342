"""Redis as the worker's loop sees it: available, or not for the moment. The loop never waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import redis
from loguru import logger

from voxq.queue import script
from voxq.queue.redis_errors import Repeats, explain, state_of
from voxq.queue.script import Command

T = TypeVar("T")

_PAUSE = 0.5
"""Minimum pause in seconds after Redis did not answer; the engine is served meanwhile."""
_STEADY = 2.5
"""Seconds without a failure after which Redis counts as back: a full server still answers reads, and only the
heartbeat of each second writes."""


class RedisLink:
    """Runs commands, and remembers an outage instead of raising it."""

    def __init__(self, client: redis.Redis, worker_id: int) -> None:
        self.client = client
        self._worker_id = worker_id
        self._failed_at = 0.0
        self._away_until = 0.0
        self._is_away = False
        self._said = Repeats()

    @property
    def is_resting(self) -> bool:
        return time.monotonic() < self._away_until

    def run(self, command: Command[T]) -> T | None:
        """Run a command. Returns its answer, or None while Redis is unavailable or the script fails."""
        return self.attempt(lambda: script.run(self.client, command))

    def attempt(self, work: Callable[[], T]) -> T | None:
        """Do `work`, which talks to Redis, as `run` does a command."""
        if self.is_resting:
            return None
        asked = time.monotonic()
        try:
            answer = work()
        except redis.RedisError as error:
            if state_of(error) is None:  # Redis is there, and other commands may well work
                self._warn(error)
            else:
                self._rest(asked, error)
            return None
        if self._is_away and time.monotonic() - self._failed_at > _STEADY:
            self._is_away = False
            logger.info("Worker-{} Redis is available again", self._worker_id)
        return answer

    def _rest(self, asked: float, error: redis.RedisError) -> None:
        self._failed_at = now = time.monotonic()
        self._away_until = now + max(_PAUSE, now - asked)  # most of the time is not spent on waiting
        is_news = self._said.is_news(explain(error))
        if is_news or not self._is_away:
            self._is_away = True
            logger.warning("Worker-{} Redis is unavailable: {}", self._worker_id, explain(error))

    def _warn(self, error: redis.RedisError) -> None:
        if self._said.is_news(explain(error)):
            logger.error("Worker-{} {}; trying again", self._worker_id, explain(error))
