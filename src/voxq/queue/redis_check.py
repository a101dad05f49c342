"""Requirements on a Redis or Valkey server, checked before work starts and while it goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

from loguru import logger
from redis import Redis
from redis.exceptions import AuthenticationError, BusyLoadingError, ConnectionError, RedisError, TimeoutError

from voxq.locale import Message
from voxq.queue.redis_errors import Repeats
from voxq.settings.redis_address import place

OLDEST = (6, 2)
"""Oldest supported version: Redis 6.2 added LMOVE, which moves a job between lists atomically."""


KEEP_EVERYTHING = Message(
    "Run: redis-cli CONFIG SET appendonly yes, and set it in the server's configuration."
)
"""Remedy for a server that loses something when it is restarted."""


class ServerUnusable(Exception):
    """Raised if the server cannot be reached or used; the message says what to change, without passwords."""


def read_info(url: str, patience: float = 5.0) -> Mapping[str, Any]:
    """Read the server's INFO, waiting up to `patience` seconds for it to start. Raises ServerUnusable."""
    deadline = time.monotonic() + patience
    while True:
        try:
            with Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as redis:
                return redis.info("everything")  # pyright: ignore[reportReturnType]
        except AuthenticationError:
            raise ServerUnusable(
                Message(
                    "The server at {url} refuses the password: check REDIS_URL or REDIS_PASSWORD.",
                    url=place(url),
                )
            ) from None
        except (ConnectionError, TimeoutError, BusyLoadingError) as error:
            if time.monotonic() > deadline:
                raise ServerUnusable(
                    Message(
                        "No Redis answers at {url} ({kind}): start it, or correct REDIS_URL.",
                        url=place(url),
                        kind=type(error).__name__,
                    )
                ) from None
        except TypeError:  # the client takes what follows a question mark for its own arguments
            raise ServerUnusable(
                Message(
                    "The address of {url} has parameters after its ? that Redis' client does not know.",
                    url=place(url),
                )
            ) from None
        except (RedisError, ValueError) as error:
            raise ServerUnusable(
                Message("The server at {url} cannot be used: {error}", url=place(url), error=str(error))
            ) from None
        time.sleep(0.05)


def read_saving(url: str) -> str | None:
    """Read when the server saves snapshots, such as "3600 1 300 100"; empty: never. None if it won't tell."""
    try:
        with Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5, decode_responses=True) as redis:
            return cast("dict[str, str]", redis.config_get("save")).get("save")
    except (RedisError, OSError):  # servers of a provider often forbid CONFIG
        return None


def check_server(url: str, patience: float = 5.0) -> Mapping[str, Any]:
    """Read the INFO of a usable server. Raises ServerUnusable with all problems found."""
    info = read_info(url, patience)
    if found := problems(info):
        raise ServerUnusable(Message.joined("\n", found))
    return info


def problems(info: Mapping[str, Any]) -> list[str]:
    """Reasons why the server cannot be used, one sentence each with its remedy. `info`: its INFO, parsed."""
    return [text for text in (_version(info), _eviction(info), _role(info), _cluster(info)) if text]


def hindrances(info: Mapping[str, Any]) -> list[str]:
    """Reasons why the server cannot work now: its `problems`, and conditions that may pass by themselves."""
    return [*problems(info), *(text for text in (_memory(info), _append_only_file(info)) if text)]


def loss_at_restart(info: Mapping[str, Any], saving: str | None) -> str | None:
    """Say what the server loses when it is restarted; None if nothing that matters. See `KEEP_EVERYTHING`.

    `info`: its INFO, parsed; `saving`: see `read_saving`.
    """
    if str(info.get("aof_enabled", "0")) == "1":
        return None
    if saving is None:
        what = Message("Its append-only file is off, and it does not tell whether it saves snapshots.")
    elif saving:
        what = Message(
            "It saves snapshots only (save {saving}): a restart takes it back to the last one.", saving=saving
        )
    else:
        what = Message('It keeps nothing over a restart (appendonly no, save "").')
    rest = Message("Accepted tasks come back from STORAGE_PATH, counters and statistics do not.")
    return Message.joined(" ", (what, rest))


def describe(info: Mapping[str, Any]) -> str:
    """Name and version of the server, such as "Valkey 9.1.2" or "Redis 7.4.1"."""
    if version := info.get("valkey_version"):
        return f"Valkey {version}"
    return f"Redis {info.get('redis_version', 'of unknown version')}"


class ServerWatch:
    """Repetition of the checks, since a change of policy, a failover or full memory can come later."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._said = Repeats(600)

    def look(self) -> None:
        """Log every problem found. Raises redis.exceptions.RedisError."""
        for sentence in hindrances(self._client.info()):  # pyright: ignore[reportArgumentType]
            if self._said.is_news(sentence):
                logger.error("{}", sentence)


def _version(info: Mapping[str, Any]) -> str | None:
    # Every Valkey reports redis_version 7.2 or later, for compatibility with clients.
    digits = [int(part) for part in str(info.get("redis_version", "0")).split(".")[:2] if part.isdecimal()]
    if tuple(digits) >= OLDEST:
        return None
    return Message("{server} is too old: 6.2 is needed, or any Valkey.", server=describe(info))


def _eviction(info: Mapping[str, Any]) -> str | None:
    policy = info.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return None
    return Message(
        "maxmemory-policy is {policy}, so the server may evict queued tasks when memory is short. "
        "Run: redis-cli CONFIG SET maxmemory-policy noeviction, and set it in the server's configuration.",
        policy=policy,
    )


def _memory(info: Mapping[str, Any]) -> str | None:
    most = int(info.get("maxmemory") or 0)
    if not 0 < most <= int(info.get("used_memory") or 0):
        return None
    return Message(
        "The server is full, it may use {most:.0f} MB: "
        "raise its maxmemory, or remove keys that are not VoxQ's.",
        most=most / 2**20,
    )


def _append_only_file(info: Mapping[str, Any]) -> str | None:
    if info.get("aof_last_write_status", "ok") == "ok":
        return None
    return Message("The server cannot write its append-only file, so it accepts no writes: is its disk full?")


def _role(info: Mapping[str, Any]) -> str | None:
    if info.get("role", "master") == "master":
        return None
    return Message("The server is a read-only replica: point REDIS_URL at its primary.")


def _cluster(info: Mapping[str, Any]) -> str | None:
    if str(info.get("cluster_enabled", "0")) == "0":
        return None
    return Message(
        "The server runs in cluster mode, which queues cannot use: point REDIS_URL at a single server."
    )
