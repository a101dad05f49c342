"""One attempt at notifying a webhook of a task's end."""

from __future__ import annotations

import asyncio
import time

from voxq.queue.webhook_queue import Delivery
from voxq.settings.webhooks import Webhook
from voxq.storage.journal.port import Journal
from voxq.webhooks.message import body_of, headers_of
from voxq.webhooks.post import Poster


async def tell(poster: Poster, webhook: Webhook, delivery: Delivery, journal: Journal) -> None:
    """Notify the webhook, unless the journal shows that it was notified before. Raises PostFailed."""
    if await asyncio.to_thread(journal.was_told, delivery.task_id, delivery.run):
        return
    body = body_of(delivery, await asyncio.to_thread(journal.ended, delivery.task_id, delivery.run))
    await poster.post(webhook.url, headers_of(delivery, body, webhook.secret, time.time()), body)
    await asyncio.to_thread(journal.mark_told, delivery.task_id, delivery.run)
