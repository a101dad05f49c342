"""What a Redis holds, as JSON that `old_spool.restore` puts back."""

from __future__ import annotations

import base64
from typing import Any

import redis


def everything(url: str) -> dict[str, Any]:
    """Every key by name: its type, its value and, if it expires, after how many seconds. Bytes in base64."""
    with redis.Redis.from_url(url) as client:
        return {
            name.decode(): [*_value(client, name), *_seconds(client, name)]
            for name in sorted(client.scan_iter())
        }


def lasting(url: str) -> dict[str, Any]:
    """The keys that are there a few minutes later, and that they expire is left out."""
    known = everything(url).items()
    return {name: value for name, (*value, left) in ((n, _padded(v)) for n, v in known) if left > 300}


def _padded(value: list[Any]) -> list[Any]:
    return value if len(value) == 3 else [*value, float("inf")]


def _seconds(client: redis.Redis, name: bytes) -> list[int]:
    left = client.ttl(name)
    return [left] if left >= 0 else []


def _value(client: redis.Redis, name: bytes) -> list[Any]:
    kind = client.type(name).decode()
    match kind:
        case "string":
            return [kind, _text(client.get(name))]
        case "hash":
            return [kind, {_text(field): _text(value) for field, value in client.hgetall(name).items()}]
        case "list":
            return [kind, [_text(item) for item in client.lrange(name, 0, -1)]]
        case "set":
            return [kind, sorted(_text(member) for member in client.smembers(name))]
        case "zset":
            return [
                kind,
                {_text(member): score for member, score in client.zrange(name, 0, -1, withscores=True)},
            ]
        case _:
            return [kind, {_text(k): _text(v) for _, f in client.xrange(name) for k, v in f.items()}]


def _text(value: bytes | None) -> str:
    return base64.b64encode(value or b"").decode()
