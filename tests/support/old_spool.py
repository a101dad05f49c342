"""Storages that earlier versions left behind when they were killed, as `tests/data/spools` keeps them."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import redis
from worker_lab import MEETING, NOTE

SPOOLS = Path(__file__).parent.parent / "data" / "spools"

_LONG = ("done", "under_way")


def unpack(name: str, storage: Path) -> dict[str, str]:
    """Put the files of a spool into a new storage. The ids of its tasks, by their state."""
    shutil.copytree(SPOOLS / name / "files", storage)
    tasks: dict[str, str] = json.loads((SPOOLS / name / "tasks.json").read_text())
    recordings = storage / "recordings"
    recordings.mkdir(exist_ok=True)
    for state, task_id in tasks.items():
        shutil.copyfile(MEETING if state in _LONG else NOTE, recordings / f"{task_id}.ogg")
    return tasks


def restore(name: str, client: redis.Redis) -> None:
    """Put back what Redis held. `client` answers whatever it likes."""
    for key, (kind, value) in json.loads((SPOOLS / name / "redis.json").read_text()).items():
        _put(client, key, kind, value)


def _put(client: redis.Redis, key: str, kind: str, value: Any) -> None:
    match kind:
        case "string":
            client.set(key, _bytes(value))
        case "hash":
            client.hset(key, mapping={_bytes(field): _bytes(text) for field, text in value.items()})
        case "list":
            client.rpush(key, *map(_bytes, value))
        case "set":
            client.sadd(key, *map(_bytes, value))
        case "zset":
            client.zadd(key, {_bytes(member): score for member, score in value.items()})
        case _:
            client.xadd(key, {_bytes(field): _bytes(text) for field, text in value.items()})


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
