"""Delivery of webhooks in the event loop of the API, several at once and each with a time limit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections import Counter
from collections.abc import Mapping

import redis.asyncio
from loguru import logger
from redis.exceptions import RedisError

from voxq.api import cancellation
from voxq.api.live.events import ANY, Events
from voxq.core.task import short_id
from voxq.queue import script, webhook_queue
from voxq.queue.webhook_job import RETRIES
from voxq.queue.webhook_queue import Delivery
from voxq.settings.webhooks import Webhook
from voxq.storage.journal.port import Journal
from voxq.webhooks.post import MOST_AT_ONCE, Poster, PostFailed, notify

_LOOK_SECONDS = 1.0
"""Seconds between looks for retries and abandoned deliveries; new ones are announced by an event."""
_MOST_OF_ONE = 4
"""Maximum concurrent deliveries to one webhook, so that one that hangs does not delay the others."""
_FAREWELL_SECONDS = 2.0


class Deliverer:
    """Deliverer of one API process. All processes have one, and any of them may take a delivery."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        events: Events,
        journal: Journal,
        webhooks: Mapping[str, Webhook],
        poster: Poster,
    ) -> None:
        self._client = client
        self._events = events
        self._journal = journal
        self._webhooks = webhooks
        self._poster = poster
        self._name = f"webhooks.{socket.gethostname()}.{os.getpid()}"
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Take no more deliveries and give those in progress two seconds; another process retries the
        rest."""
        if self._task is not None:
            await cancellation.end(self._task)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_FAREWELL_SECONDS)
        for task in self._under_way:
            task.cancel()

    async def _run(self) -> None:
        with self._events.listening(ANY) as woken:
            while True:
                woken.clear()
                try:
                    await self._take(woken)
                except RedisError as error:
                    logger.debug("webhooks: Redis is unavailable ({})", type(error).__name__)
                except Exception:
                    logger.exception(
                        "webhooks: a delivery cannot be started; it is retried when its lease expires"
                    )
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), _LOOK_SECONDS)

    async def _take(self, woken: asyncio.Event) -> None:
        """Start the deliveries that are due, up to the limits; `woken` is set when one has finished."""
        busy = Counter(self._under_way.values())
        capacity = {name: _MOST_OF_ONE - busy[name] for name in self._webhooks}
        most = MOST_AT_ONCE - len(self._under_way)
        if most <= 0:
            return

        def over(task: asyncio.Task[None]) -> None:
            del self._under_way[task]
            woken.set()

        for delivery in await script.run_async(self._client, webhook_queue.claim(self._name, capacity, most)):
            task = asyncio.create_task(self._deliver(delivery))
            self._under_way[task] = delivery.webhook
            task.add_done_callback(over)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._attempt(delivery)
        except RedisError as error:  # its lease ends, and it is tried again
            logger.warning("webhook={} {}: {}", delivery.webhook, _of(delivery), type(error).__name__)
        except Exception:
            logger.exception("webhook={} {} failed unexpectedly", delivery.webhook, _of(delivery))

    async def _attempt(self, delivery: Delivery) -> None:
        try:
            webhook = self._webhooks.get(delivery.webhook)
            if webhook is None:  # removed, or not yet in the settings of this process
                raise PostFailed("no webhook of this name is registered")
            await notify(self._poster, webhook, delivery, self._journal)
        except PostFailed as failure:
            await self._failed(delivery, str(failure))
            return
        logger.info("webhook={} {} delivered", delivery.webhook, _of(delivery))
        await script.run_async(self._client, webhook_queue.delivered(delivery))

    async def _failed(self, delivery: Delivery, reason: str) -> None:
        if not delivery.tries_left:
            await self._give_up(delivery, reason)
            return
        seconds = RETRIES.pauses[-delivery.tries_left]
        logger.warning(
            'webhook={} {} error="{}", again in {} s', delivery.webhook, _of(delivery), reason, seconds
        )
        await script.run_async(self._client, webhook_queue.again(delivery, seconds))

    async def _give_up(self, delivery: Delivery, reason: str) -> None:
        logger.error('webhook={} {} error="{}", given up', delivery.webhook, _of(delivery), reason)
        await script.run_async(self._client, webhook_queue.give_up(delivery, reason))


def _of(delivery: Delivery) -> str:
    return f"task={short_id(delivery.task_id)} status={delivery.status}"
