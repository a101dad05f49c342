"""Metrics for Prometheus."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from redis.exceptions import RedisError

from voxq.api import errors
from voxq.api.access_log import note
from voxq.api.callers import auth
from voxq.api.monitoring.seen import KindSeen, Seen
from voxq.api.service import Service, TheService
from voxq.core.task import Lane
from voxq.metrics.counters import Totals
from voxq.queue import enqueueing, script
from voxq.queue.keys import COUNTERS_KEY, RQ_JOB, RQ_QUEUE, WEBHOOK_STATS_KEY
from voxq.queue.statistics import readable
from voxq.queue.store import Store

router = APIRouter(tags=["stats"])

_TEXT = {
    200: {
        "description": "Prometheus' text format.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses=_TEXT | errors.documented(401, 403),
    dependencies=[Depends(auth.may_measure)],
)
async def metrics(request: Request, service: TheService) -> Response:
    """Return the metrics of all API processes and all workers, from any process. Without Redis they say only
    that."""
    note(request, quiet=True)
    try:
        await service.counter_sync.send()
        seen = await _look(service)
    except RedisError:
        seen = None
    # In a thread: with many models and keys it takes tens of milliseconds, which would delay other requests.
    text, media_type = await asyncio.to_thread(_text, seen)
    return Response(text, media_type=media_type)


def _text(seen: Seen | None) -> tuple[bytes, str]:
    """Return the text and its media type."""
    # Imported at the first request, because many services are never asked, and it takes a megabyte.
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

    from voxq.api.monitoring.metrics import as_text

    return as_text(seen), CONTENT_TYPE_PLAIN_0_0_4


async def _look(service: Service) -> Seen:
    async with service.client.pipeline(transaction=False) as pipeline:
        pipeline.hgetall(COUNTERS_KEY)
        pipeline.hgetall(WEBHOOK_STATS_KEY)
        totals, deliveries = await pipeline.execute()
    return Seen(
        kinds=[await _look_at(service, store) for store in service.parts.stores.values()],
        overview=await service.overview.look(),
        totals=Totals(totals),
        deliveries=readable(deliveries),
    )


async def _look_at(service: Service, store: Store) -> KindSeen:
    now = time.time()
    counts = await script.run_async(service.trips, enqueueing.counts(store, now))
    async with service.client.pipeline(transaction=False) as pipeline:
        for queue in store.queues.values():
            pipeline.lindex(RQ_QUEUE + queue, 0)
        pipeline.hgetall(store.stats_key)
        *firsts, counters = await pipeline.execute()
    async with service.client.pipeline(transaction=False) as pipeline:
        for task_id in firsts:
            pipeline.hget(f"{RQ_JOB}{task_id}", "enqueued_at")
        since = await pipeline.execute()
    oldest = {lane: _age(at, now) for lane, at in zip(Lane, since, strict=True)}
    return KindSeen(store.kind, counts, oldest, readable(counters))


def _age(enqueued_at: str | None, now: float) -> float:
    """Return the seconds since a job was created, at least 0: clocks differ, and a job of unknown age is not
    ours."""
    try:
        return max(0.0, now - datetime.fromisoformat(enqueued_at or "").timestamp())
    except ValueError:
        return 0.0
