"""Who is listed as a worker. One that was killed cannot take itself off the lists."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import redis
from rq import Queue
from rq.worker_registration import clean_worker_registry

from voxq.tasks.names import WORKERS_KEY

_REMEMBERED = 3600.0
"""Seconds for which `/stats` can still tell what a dead worker was."""


def strike_dead_workers(client: redis.Redis, queues: Sequence[Queue]) -> None:
    """Remove workers that are gone from our list and from RQ's. `client` answers text, the queues' bytes."""
    for name, facts in client.hgetall(WORKERS_KEY).items():
        if abs(time.time() - _last_beat(facts)) > _REMEMBERED:
            client.hdel(WORKERS_KEY, name)
    for queue in queues:
        clean_worker_registry(queue)


def _last_beat(facts: str | bytes) -> float:
    try:
        return float(json.loads(facts)["beat"])
    except (ValueError, TypeError, KeyError):
        return 0.0
