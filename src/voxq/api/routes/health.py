"""Liveness of the process, and readiness to do work."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from redis.exceptions import RedisError

from voxq.api.access_log import note
from voxq.api.monitoring.workers import WorkerOverview
from voxq.api.service import Service, TheService
from voxq.api.shapes.health import Alive, Health
from voxq.locale import Message
from voxq.queue import redis_check
from voxq.queue.keys import EPOCH_KEY
from voxq.storage.storage_id import OTHER_STORAGE, is_other

router = APIRouter(tags=["health"])

_DISK_SECONDS = 1.0
_START_SECONDS = 30.0
"""Seconds after the start of the API for which the workers may still be starting, too."""
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True, slots=True)
class Reason:
    """Reason why tasks would not be processed."""

    word: str
    sentence: str


@router.head("/livez", include_in_schema=False)
@router.get("/livez", summary="Liveness of the process", response_model=Alive)
async def livez(request: Request) -> Alive:
    """Report liveness: always 200, without a look at Redis or the disk."""
    note(request, quiet=True, status="alive")
    return Alive(status="alive")


@router.head("/health", include_in_schema=False)
@router.get("/health", response_model_exclude_unset=True, include_in_schema=False)
@router.get(
    "/api/v1/health",
    summary="Readiness of the service",
    response_model_exclude_unset=True,
    responses={503: {"model": Health, "description": "No; `error` says why."}},
)
async def health(request: Request, response: Response, service: TheService) -> Health:
    """Report readiness. Also at `/health`; needs no key. Tasks may be submitted while models load: they
    wait."""
    overview, hindrances = None, []
    try:
        hindrances = await _hindrances(service)
        overview = await service.overview.look()
    except RedisError as error:
        service.outage.tell(error)
    reasons = reasons_against(overview, await _has_room(service), hindrances)
    ready = overview.ready if overview else 0
    words = ",".join(reason.word for reason in reasons) or "ready"
    # Every start begins with waiting for workers and loading, and polling must not fill the log.
    up_seconds = time.monotonic() - service.started
    is_usual = words in ("ready", "loading") or (words == "no_workers" and up_seconds < _START_SECONDS)
    is_known = is_usual or not service.ailments.is_news(words)
    note(request, quiet=is_known, status=words)
    facts = {
        "model_loaded": overview is not None and overview.has_model,
        "redis_connected": overview is not None,
        "workers_active": ready,
        "uptime": uptime(up_seconds),
    }
    if not reasons:
        return Health(status="ready", **facts)
    response.status_code = 503
    return Health(
        status="unavailable", error=reasons[0].sentence, reasons=[reason.word for reason in reasons], **facts
    )


def reasons_against(
    overview: WorkerOverview | None, has_capacity: bool, hindrances: Sequence[str] = ()
) -> list[Reason]:
    """Return the reasons why no work would be done, the most severe first; empty if it would.

    `overview` is None without Redis; `hindrances` are problems that make Redis unfit.
    """
    reasons: list[Reason] = []
    if overview is None:
        reasons.append(Reason("redis_away", Message("Redis does not answer")))
    elif not overview.workers:
        reasons.append(Reason("no_workers", Message("No worker is running")))
    elif not overview.ready:
        if any(worker.state == "loading" for worker in overview.workers):
            reasons.append(Reason("loading", Message("Models are still loading...")))
        elif any(worker.state == "failed" for worker in overview.workers):
            reasons.append(
                Reason("model_failed", Message("The model cannot be loaded; the worker's log says why"))
            )
        else:
            reasons.append(Reason("stopping", Message("The workers are stopping")))
    reasons.extend(Reason("redis_unfit", sentence) for sentence in hindrances)
    if not has_capacity:
        reasons.append(Reason("disk_full", Message("The disk is nearly full or does not answer")))
    return reasons


def uptime(seconds: float) -> str:
    """Format a duration in its two largest units, e.g. "3 days 5 hours"."""
    left = int(seconds)
    words: list[str] = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or (unit == "second" and not words):
            words.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(words[:2])


async def _hindrances(service: Service) -> list[str]:
    async with service.client.pipeline(transaction=False) as pipeline:
        pipeline.info()
        pipeline.get(EPOCH_KEY)
        info, epoch = await pipeline.execute()
    is_foreign = is_other(epoch, service.parts.journal.storage)
    return redis_check.hindrances(info) + ([OTHER_STORAGE] if is_foreign else [])


async def _has_room(service: Service) -> bool:
    settings = service.settings
    try:
        usage = await asyncio.wait_for(
            asyncio.to_thread(shutil.disk_usage, settings.storage_path), _DISK_SECONDS
        )
    except (OSError, TimeoutError):
        return False
    return usage.free >= settings.min_free_disk_mb << 20
