"""Explanations of Redis errors for logs."""

from __future__ import annotations

import re
import time

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterCrossSlotError,
    ClusterDownError,
    ConnectionError,
    MasterDownError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
)

from voxq.locale import Message

_CLUSTER = Message("it runs in cluster mode; point REDIS_URL at a single server")
_FULL = Message("it is out of memory; raise its maxmemory")
_READ_ONLY = Message("it is a read-only replica; point REDIS_URL at its primary")
_REFUSED = Message("it refuses the password; check REDIS_URL or REDIS_PASSWORD")

_STATES: tuple[tuple[type[RedisError], str], ...] = (
    (OutOfMemoryError, _FULL),
    (ReadOnlyError, _READ_ONLY),
    (NoPermissionError, Message("its user lacks permissions; grant it all commands and keys")),
    (AuthenticationError, _REFUSED),
    (BusyLoadingError, Message("it is still loading its data")),
    (MasterDownError, Message("it is a replica that has lost its primary")),
    (ClusterDownError, _CLUSTER),
    (ClusterCrossSlotError, _CLUSTER),
    (MovedError, _CLUSTER),
)
"""Error classes of redis-py that tell the state of the server; the first match counts."""

_WORDS = {
    "OOM": _FULL,
    "READONLY": _READ_ONLY,
    "NOAUTH": _REFUSED,
    "MISCONF": Message("it cannot save to its disk and accepts no writes"),
    "NOREPLICAS": Message("it has too few replicas and accepts no writes"),
    "BUSY": Message("it is busy with a script that does not end"),
    "max number of clients reached": Message("it accepts no more connections; raise its maxclients"),
}
"""States by a word in the error's text: redis-py has no class for some, and Redis 6 wraps script errors."""

_WORD = re.compile(rf"\b({'|'.join(_WORDS)})\b")


class ScriptFailed(ResponseError):
    """Raised if a script fails on a working server: a bug, or data damaged by another program."""


def state_of(error: RedisError) -> str | None:
    """State of the server that prevents commands at the moment; None if the command itself is at fault."""
    for kind, state in _STATES:
        if isinstance(error, kind):
            return state
    if match := _WORD.search(str(error)):
        return _WORDS[match[1]]
    return Message("it does not answer") if isinstance(error, ConnectionError | TimeoutError) else None


def explain(error: RedisError) -> str:
    """Describe an error in one clause for a log; quotes the server only if nothing better is known."""
    if state := state_of(error):
        return state
    return (
        str(error)
        if isinstance(error, ScriptFailed)
        else Message("Redis refuses a command: {error}", error=str(error))
    )


class Repeats:
    """Filter for log messages about errors that recur with every attempt. Not thread-safe."""

    def __init__(self, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._said: dict[str, float] = {}

    def is_news(self, words: str) -> bool:
        """Whether `words` were not logged within the last seconds; records them as logged now."""
        now = time.monotonic()
        self._said = {each: at for each, at in self._said.items() if now - at < self._seconds}
        is_news = words not in self._said
        self._said.setdefault(words, now)
        return is_news
