"""State of the queue."""

from __future__ import annotations

import time

from fastapi import APIRouter

from voxq.api import errors
from voxq.api.callers.auth import Owner
from voxq.api.service import TheKind, TheService
from voxq.api.shapes.queue import Lanes, QueueStatus
from voxq.queue import enqueueing, script

router = APIRouter()


@router.get(
    "/queue/status",
    summary="State of the queue",
    response_model=QueueStatus,
    responses=errors.documented(401, 403, 503),
)
async def status(service: TheService, kind: TheKind, _: Owner) -> QueueStatus:
    """Count the tasks of all owners, without naming the owners."""
    counts = await script.run_async(service.trips, enqueueing.counts(service.parts.stores[kind], time.time()))
    overview = await service.overview.look()
    return QueueStatus(
        queued=counts.queued,
        processing=counts.processing,
        failed=counts.failed,
        workers=len(overview.workers),
        workers_busy=overview.busy,
        queued_seconds=round(counts.queued_seconds, 1),
        lanes=Lanes(**counts.by_lane),
    )
