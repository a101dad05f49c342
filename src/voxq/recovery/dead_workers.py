"""List of workers in Redis, and removal of killed workers, which cannot remove themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import redis
from rq import Queue
from rq.worker_registration import clean_worker_registry

from voxq.queue import script, workers
from voxq.queue.claiming import CLAIM_TTL
from voxq.queue.keys import WORKERS_KEY
from voxq.storage import records

_REMEMBERED = 3600.0
"""Seconds for which `/stats` still shows a dead worker."""
_ENTRY = {"id": int, "beat": int | float}


@dataclass(frozen=True, slots=True)
class Entry:
    """A listed worker: name, number, time of its last heartbeat in seconds since the epoch, and whether Redis
    still has its connection."""

    name: str
    number: int
    beat: float
    is_connected: bool

    def is_alive(self, now: float) -> bool:
        return self.is_connected and abs(now - self.beat) <= CLAIM_TTL


def entries(client: redis.Redis) -> Iterator[Entry]:
    """Yield all listed workers, skipping invalid entries. Raises redis.exceptions.RedisError."""
    for worker in script.run(client, workers.reported()):
        try:
            record = records.parse(worker.facts.encode())
        except records.Damaged:
            continue
        if records.has_shape(record, _ENTRY):
            yield Entry(worker.name, record["id"], record["beat"], worker.is_connected)


def strike_dead_workers(client: redis.Redis, queues: Sequence[Queue]) -> None:
    """Remove dead workers from VoxQ's list and from RQ's.

    `client` returns text, the clients of `queues` bytes. Raises redis.exceptions.RedisError.
    """
    now = time.time()
    listed = set(client.hkeys(WORKERS_KEY))  # first, so that workers that register meanwhile are not removed
    remembered = {entry.name for entry in entries(client) if abs(now - entry.beat) <= _REMEMBERED}
    for name in listed - remembered:
        client.hdel(WORKERS_KEY, name)
    for queue in queues:
        clean_worker_registry(queue)
