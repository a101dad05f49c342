"""Connections to Redis with the patience each kind of caller can afford."""

from __future__ import annotations

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

_SECONDS = 2.0
"""How long a command may take. Whoever needs Redis answers within two seconds that it is away."""

_ENCODING_ERRORS = "replace"
"""What we write is UTF-8; what a foreign hand wrote must not raise in the middle of an answer."""

_CONNECTIONS = 32
"""Of one event loop; more requests at once wait for each other instead of opening a connection each."""


def blocking(url: str, *, text: bool = True) -> redis.Redis:
    """For workers, threads and commands. RQ wants bytes (`text=False`); everything of ours reads text."""
    return redis.Redis.from_url(
        url,
        decode_responses=text,
        encoding_errors=_ENCODING_ERRORS,
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
        retry=Retry(NoBackoff(), 1),  # once, at once: a pooled connection may have died with the server
    )


def asynchronous(url: str, *, seconds: float = _SECONDS / 2) -> redis.asyncio.Redis:
    """For an event loop; `seconds` for each of: waiting for a connection, a try, its repetition."""
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=seconds,
        decode_responses=True,
        encoding_errors=_ENCODING_ERRORS,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=AsyncRetry(NoBackoff(), 1),
    )
    return redis.asyncio.Redis.from_pool(pool)
