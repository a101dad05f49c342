"""Job function with which a stock `rq worker` makes a delivery.

A worker run `--with-scheduler` serves the queue as the API does.
"""

from __future__ import annotations

import asyncio

from voxq import kinds
from voxq.core.task import Status
from voxq.parts import Parts
from voxq.queue.webhook_queue import Delivery
from voxq.settings import load_settings
from voxq.webhooks.post import Poster, notify


def run(webhook: str, kind: str, task_id: str, run: int, status: str) -> None:
    """Try once to deliver.

    Raises PostFailed, upon which RQ retries as the job says; KeyError for an unknown webhook and ValueError
    for an unknown kind of task.
    """
    settings = load_settings()

    async def once() -> None:
        poster = Poster(allow_private=settings.webhook_allow_private)
        delivery = Delivery("", "", webhook, kinds.find(kind).name, task_id, run, Status(status), 0)
        try:
            await notify(poster, settings.registered_webhooks[webhook], delivery, Parts.of(settings).journal)
        finally:
            await poster.close()

    asyncio.run(once())
