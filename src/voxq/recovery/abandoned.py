"""Cancellation of tasks whose clients have stopped waiting, so that their lease has expired."""

from __future__ import annotations

import redis
from loguru import logger

from voxq.core.task import short_id
from voxq.queue import fingerprints, script
from voxq.queue.store import Store
from voxq.tasks.control import Control

_AT_ONCE = 100


def cancel_abandoned(client: redis.Redis, store: Store, control: Control) -> int:
    """Cancel the tasks whose lease has expired; returns how many. Blocks; raises RedisError."""
    count = 0
    for task_id in script.run(client, fingerprints.abandoned(store, _AT_ONCE)):
        if control.cancel(task_id):
            logger.info("task={} cancelled: nobody waits for it any more", short_id(task_id))
            count += 1
        # Last: the expired lease keeps requests from joining, and makes the next janitor retry after a crash.
        client.zrem(store.leases_key, task_id)
    return count
