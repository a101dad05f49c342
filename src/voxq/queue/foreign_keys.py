"""Redis keys with VoxQ's names but the wrong type, left by other users of the same Redis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import redis
from loguru import logger

from voxq.queue.keys import (
    COUNTERS_KEY,
    EPOCH_KEY,
    JANITOR_KEY,
    RQ_FAILED,
    RQ_FINISHED,
    RQ_QUEUE,
    RQ_QUEUES,
    RQ_SCHEDULED,
    RQ_STARTED,
    SERVER_KEY,
    WEBHOOK_STATS_KEY,
    WORKERS_KEY,
    KindName,
)
from voxq.queue.store import Store
from voxq.queue.webhook_job import QUEUE

_ASIDE = "voxq:foreign:"
_KEPT_SECONDS = 7 * 86400
_OF_ALL = {
    EPOCH_KEY: "string",
    SERVER_KEY: "string",
    JANITOR_KEY: "string",
    WORKERS_KEY: "hash",
    COUNTERS_KEY: "hash",
    WEBHOOK_STATS_KEY: "hash",
    RQ_QUEUES: "set",
    "rq:workers": "set",
}
_LISTS = (KindName.HISTORY, KindName.SAMPLES)
_OF_KIND = {name: "list" if name in _LISTS else "hash" for name in KindName} | {KindName.LEASES: "zset"}
_OF_QUEUE = {
    RQ_QUEUE + "{}": "list",
    RQ_QUEUE + "{}:intermediate": "list",
    RQ_STARTED + "{}": "zset",
    RQ_FINISHED + "{}": "zset",
    RQ_FAILED + "{}": "zset",
    RQ_SCHEDULED + "{}": "zset",
    "rq:workers:{}": "set",
}


def expected(stores: Iterable[Store]) -> dict[str, str]:
    """Shared key names with the Redis type expected of each.

    Keys of a single task are not included: the scripts repair those themselves.
    """
    stores = list(stores)
    queues = [QUEUE, *(queue for store in stores for queue in store.queues.values())]
    return (
        _OF_ALL
        | {name.of(store.kind): kind for store in stores for name, kind in _OF_KIND.items()}
        | {pattern.format(queue): kind for queue in queues for pattern, kind in _OF_QUEUE.items()}
    )


def put_aside(client: redis.Redis, types: Mapping[str, str]) -> bool:
    """Rename keys of a wrong type; returns whether there were any. Raises redis.exceptions.RedisError."""
    pipeline = client.pipeline(transaction=False)
    for name in types:
        pipeline.type(name)
    wrong = [
        name
        for (name, kind), found in zip(types.items(), pipeline.execute(), strict=True)
        if found not in (kind, "none")
    ]
    for name in wrong:
        logger.error("{} in Redis is not a {} any more: renamed to {}{}", name, types[name], _ASIDE, name)
        client.rename(name, _ASIDE + name)
        client.expire(_ASIDE + name, _KEPT_SECONDS)
    return bool(wrong)
