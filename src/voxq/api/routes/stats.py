"""Statistics of the whole service."""

from __future__ import annotations

import time
from dataclasses import asdict

from fastapi import APIRouter

from voxq import kinds
from voxq.api import errors
from voxq.api.callers.auth import Owner
from voxq.api.monitoring import devices
from voxq.api.service import Service, TheService
from voxq.api.shapes.stats import KindStats, LastHour, SinceStart, Stats, TasksByStatus
from voxq.api.shapes.workers import WorkerView
from voxq.queue import enqueueing, script, statistics
from voxq.queue.store import Store

router = APIRouter(prefix="/api/v1", tags=["stats"])


@router.get(
    "/stats",
    summary="Statistics since Redis was empty, and of the last hour",
    response_model=Stats,
    responses=errors.documented(401, 403, 503),
)
async def stats(service: TheService, _: Owner) -> Stats:
    """Return totals over the tasks of all owners: their number, audio, waiting times and the engines'
    speed."""
    of_kinds = {kind: await _of_kind(service, store) for kind, store in service.parts.stores.items()}
    overview = await service.overview.look()
    first = of_kinds[kinds.first().name]
    return Stats(
        tasks=first.tasks,
        since_start=first.since_start,
        last_hour=first.last_hour,
        kinds=of_kinds,
        workers=[WorkerView.model_validate(asdict(worker)) for worker in overview.workers],
        devices=devices.views_of(overview.workers),
    )


async def _of_kind(service: Service, store: Store) -> KindStats:
    now = time.time()
    counts = await script.run_async(service.trips, enqueueing.counts(store, now))
    async with service.client.pipeline(transaction=False) as pipeline:
        pipeline.hgetall(store.stats_key)
        pipeline.lrange(store.samples_key, 0, -1)
        counters, samples = await pipeline.execute()
    since_start = statistics.since_start(statistics.readable(counters))
    return KindStats(
        tasks=TasksByStatus(
            queued=counts.queued,
            processing=counts.processing,
            done=since_start["done"],
            failed=since_start["failed"],
            cancelled=since_start["cancelled"],
        ),
        since_start=SinceStart(**since_start),
        last_hour=LastHour(**statistics.last_hour(map(statistics.Sample.load, samples), now)),
    )
