"""What a Redis that does not do as it is asked means by it, in words for a log."""

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

_CLUSTER = "it runs in cluster mode; point REDIS_URL at a single server"
_FULL = "it is out of memory; raise its maxmemory"
_READ_ONLY = "it is a read-only replica; point REDIS_URL at its primary"
_REFUSED = "it refuses the password; check REDIS_URL or REDIS_REFUSED"

_STATES: tuple[tuple[type[RedisError], str], ...] = (
    (OutOfMemoryError, _FULL),
    (ReadOnlyError, _READ_ONLY),
    (NoPermissionError, "its user may not do what is needed; grant it all commands and keys"),
    (AuthenticationError, _REFUSED),
    (BusyLoadingError, "it is still loading its data"),
    (MasterDownError, "it is a replica that has lost its primary"),
    (ClusterDownError, _CLUSTER),
    (ClusterCrossSlotError, _CLUSTER),
    (MovedError, _CLUSTER),
)
"""Error classes of redis-py that tell the state of the server; the first that fits."""

_WORDS = {
    "OOM": _FULL,
    "READONLY": _READ_ONLY,
    "NOAUTH": _REFUSED,
    "MISCONF": "it cannot save to its disk and takes no writes",
    "NOREPLICAS": "it has too few replicas and takes no writes",
    "BUSY": "a script that does not end keeps it busy",
    "max number of clients reached": "it takes no more connections; raise its maxclients",
}
"""The same by what the answer says: redis-py has no class for these, and Redis 6 wraps errors of scripts."""

_WORD = re.compile(rf"\b({'|'.join(_WORDS)})\b")


class ScriptFailed(ResponseError):
    """A script met what it cannot work with, on a server that works: a bug, or the doing of foreign hands."""


def state_of(error: RedisError) -> str | None:
    """What keeps the server from doing anything like it now; None when it is the command that is wrong."""
    for kind, state in _STATES:
        if isinstance(error, kind):
            return state
    if match := _WORD.search(str(error)):
        return _WORDS[match[1]]
    return "it does not answer" if isinstance(error, ConnectionError | TimeoutError) else None


def explain(error: RedisError) -> str:
    """One clause for a log; it quotes the server only where nothing better is known."""
    if state := state_of(error):
        return state
    return str(error) if isinstance(error, ScriptFailed) else f"Redis refuses a command: {error}"


class Repeats:
    """Tells what was said a moment ago, for troubles that come back with every try. Not for threads."""

    def __init__(self, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._said: dict[str, float] = {}

    def is_news(self, words: str) -> bool:
        """Whether these have not been said for a while; from now on they have."""
        now = time.monotonic()
        self._said = {each: at for each, at in self._said.items() if now - at < self._seconds}
        is_news = words not in self._said
        self._said.setdefault(words, now)
        return is_news
