"""Redis connections, with time limits for each kind of caller."""

from __future__ import annotations

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from voxq.queue.trips import Trips

_SECONDS = 2.0
"""Time limit for a command, so that callers can report within two seconds that Redis is unavailable."""

_ENCODING_ERRORS = "replace"
"""VoxQ writes UTF-8; bytes written by other programs must not raise while a reply is decoded."""

_CONNECTIONS = 32
"""Connections per event loop; further concurrent requests wait for a free one."""


def blocking(url: str, *, text: bool = True, single: bool = False) -> redis.Redis:
    """Create a client for workers, threads and CLI commands.

    RQ needs bytes (`text=False`); VoxQ's own code reads text. With `single` it has one connection, which is
    made at once: a loop that sends many commands need not take one from a pool, and check it, for each. Then
    it raises redis.exceptions.RedisError if Redis is unavailable.
    """
    return redis.Redis.from_url(
        url,
        single_connection_client=single,
        decode_responses=text,
        encoding_errors=_ENCODING_ERRORS,
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
        retry=Retry(NoBackoff(), 1),  # immediately: a pooled connection may be dead after a server restart
    )


def asynchronous(url: str, *, seconds: float = _SECONDS / 2) -> redis.asyncio.Redis:
    """Create a client for an event loop.

    `seconds` limits each of: the wait for a connection, the first attempt and its one retry.
    """
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


def trips(url: str, *, seconds: float = _SECONDS / 2) -> Trips:
    """Create what runs commands for an event loop. `seconds` limits each of two attempts."""
    pool = redis.asyncio.ConnectionPool.from_url(
        url,
        decode_responses=True,
        encoding_errors=_ENCODING_ERRORS,
        socket_connect_timeout=seconds,
        retry=AsyncRetry(NoBackoff(), 0),
    )
    return Trips(pool, seconds=seconds)
