"""Status responses: the document of a task, with its place in the queue and the estimated wait."""

from __future__ import annotations

import asyncio

from voxq.api import views
from voxq.api.lookup import Found
from voxq.api.service import Service
from voxq.api.shapes.result import Result


async def answer(service: Service, found: Found) -> Result:
    """Build the response for a task. Raises redis.exceptions.RedisError."""
    has_audio = found.status.is_terminal and await asyncio.to_thread(service.parts.blobs.exists, found.file)
    overview = await service.overview.recent() if found.place else None
    return views.result(
        found.document,
        position=found.place.position if found.place else 0,
        estimated_wait=overview.estimated_wait(found.place, found.kind) if overview else 0,
        has_audio=has_audio,
    )
