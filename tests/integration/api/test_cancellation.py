"""Background tasks end when the service stops, even in the middle of a Redis command."""

from __future__ import annotations

import asyncio
import contextlib

from redis.exceptions import RedisError

from voxq.api import cancellation
from voxq.queue import connect

TRIES = 8
SECONDS = 30
"""A command whose connection a cancellation broke may last until its time-out of 5 s, more than once."""


async def test_a_background_task_in_the_middle_of_a_redis_command_is_ended(redis_url: str) -> None:
    client = connect.asynchronous(redis_url, seconds=5)

    async def talk() -> None:
        while True:
            with contextlib.suppress(RedisError):
                await client.ping()

    for number in range(TRIES):
        task = asyncio.create_task(talk())
        await asyncio.sleep(number / 300)  # at a different point each time
        await asyncio.wait_for(cancellation.end(task), SECONDS)
        assert task.cancelled()
    await client.aclose()
