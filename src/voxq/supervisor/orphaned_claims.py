"""What a dead worker leaves: its tasks go back to their lanes at once, and not when its claims expire."""

from __future__ import annotations

import time

import redis
from loguru import logger

from voxq.settings import Settings

_RETRY_SECONDS = 0.5


def settle(settings: Settings, life: str) -> None:
    """Give back what the worker of this life held; it and its helpers must be dead.

    Blocks while Redis is away, until its claims have expired by themselves.
    """
    # Whoever only wants to find a stack need not load all that tasks are made of.
    from voxq.core.task import short_id
    from voxq.parts import Parts
    from voxq.queue import claiming, connect, script
    from voxq.queue.redis_errors import explain

    give_up = time.monotonic() + claiming.CLAIM_TTL
    with connect.blocking(str(settings.redis_url)) as client:
        for store in Parts.of(settings).stores.values():
            while time.monotonic() < give_up:
                try:
                    for task_id in script.run(client, claiming.release_dead(store, life)):
                        logger.warning("task={} requeued: its worker has died", short_id(task_id))
                    break
                except redis.RedisError as error:
                    logger.debug("the tasks of a dead worker wait: {}", explain(error))
                    time.sleep(_RETRY_SECONDS)
