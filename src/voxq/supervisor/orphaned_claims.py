"""Return of a dead worker's tasks to their lanes at once, without waiting for its claims to expire."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from voxq.settings import Settings

_RETRY_SECONDS = 0.5


def settle(settings: Settings, life: str) -> None:
    """Release the claims of the worker of this life; it and its helpers must be dead.

    Blocks while Redis is unavailable, at most until the claims have expired by themselves.
    """
    # Imported here, because a supervisor without a dead worker needs none of it.
    import redis

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
                    logger.debug("the tasks of a dead worker cannot be requeued yet: {}", explain(error))
                    time.sleep(_RETRY_SECONDS)
