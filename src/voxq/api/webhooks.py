"""Delivery of webhooks in this process, if any are registered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio

from voxq.api.live.events import Events
from voxq.parts import Parts


@asynccontextmanager
async def delivering(parts: Parts, client: redis.asyncio.Redis, events: Events) -> AsyncIterator[None]:
    """Deliver webhooks for as long as the context lasts."""
    settings = parts.settings
    if not settings.registered_webhooks:
        yield
        return
    # Imported only here, because the HTTP client takes a quarter of a second and 7 MB.
    from voxq.api.deliverer import Deliverer
    from voxq.webhooks.post import Poster

    poster = Poster(allow_private=settings.webhook_allow_private)
    deliverer = Deliverer(client, events, parts.journal, settings.registered_webhooks, poster)
    deliverer.start()
    try:
        yield
    finally:
        await deliverer.close()
        await poster.close()
