"""One worker process, assembled from the settings."""

from __future__ import annotations

import math
import os
import socket
import time
from datetime import UTC, datetime
from functools import partial

import redis
from loguru import logger
from rq import Queue

from voxq import logging
from voxq.engines import registry
from voxq.kinds.work import ModelUnavailable
from voxq.machine.device_memory import DeviceMemory, memory_of
from voxq.machine.devices import visible_gpus
from voxq.metrics.counters import Counters
from voxq.model_catalogue import missing_for
from voxq.parts import Parts
from voxq.processes import life
from voxq.queue import connect, redis_check
from voxq.queue.claiming import Worker
from voxq.queue.redis_errors import explain
from voxq.recovery.abandoned import cancel_abandoned
from voxq.recovery.dead_workers import strike_dead_workers
from voxq.recovery.janitor import LOCK_SECONDS, Janitor, serves_other
from voxq.recovery.server_watch import ServerWatch
from voxq.settings import Settings
from voxq.storage.storage_id import OTHER_STORAGE
from voxq.worker.assembly import WorkerParts
from voxq.worker.loop import ModelWorker
from voxq.worker.media.media_link import MediaLink
from voxq.worker.model_pool.model_link import ModelLink
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.plan import ModelPlan, WorkPlan, automatic_slots
from voxq.worker.poller import Poller
from voxq.worker.scheduler import BatchLimits
from voxq.worker.wakeup import Wakeup

_REDIS_PATIENCE = 60.0


class CannotWork(Exception):
    """The worker cannot start; the message says why and what to do."""


def run(settings: Settings, worker_id: int, device: str) -> None:
    """Work until SIGTERM or SIGINT. `device` is "cpu", "cuda:0", ...

    Raises CannotWork, EngineError, UnknownModel or ModelError if the worker cannot start.
    """
    logging.setup("worker", settings)
    if settings.redis_url is None:
        raise CannotWork("No Redis is configured: set REDIS_URL or REDIS_HOST, or use `voxq up`.")
    registry.use_plugins(settings.plugins)
    if missing := missing_for(settings):
        raise CannotWork(missing.advice)
    plan = WorkPlan.of(settings, device)
    slots = settings.max_inflight or automatic_slots(
        plan.largest_batch(), len(plan.names(plan.default.capability))
    )
    poller = Poller()
    counters = Counters()
    pool = pool_of(settings, plan, poller, counters, worker_id)

    client = connect.blocking(settings.redis_url)
    _wait_for_redis(client)
    parts = Parts.of(settings)
    if serves_other(client, parts.journal.storage, patience=LOCK_SECONDS + 2):
        raise CannotWork(OTHER_STORAGE)
    # In a container every worker has the same host and pid; the last part tells `voxq up` which tasks it had.
    name = f"voxq-{worker_id}.{socket.gethostname()}.{os.getpid()}.{life.name_of_mine()}"
    media = [MediaLink(settings.media_timeout_seconds) for _ in range(min(2, slots))]
    identity = Worker(name, ModelWorker.redis_worker_namespace_prefix + name)
    worker_parts = WorkerParts.of(
        parts, plan, pool, poller, media, client, counters, identity, worker_id, slots=slots
    )
    worker = ModelWorker(
        worker_parts,
        pool,
        poller,
        Wakeup(connect.blocking(settings.redis_url), name),
        name=name,
        worker_id=worker_id,
        device=plan.device,
        queues=[queue for kind in plan.models() for queue in parts.stores[kind].queues.values()],
        rq_connection=connect.blocking(settings.redis_url, text=False),
        shutdown_seconds=settings.shutdown_seconds,
    )
    janitor_client = connect.blocking(settings.redis_url)
    janitor = Janitor(
        janitor_client,
        parts.recovery(janitor_client),
        [
            (15.0, parts.cleanup(janitor_client).run),
            *(
                (2.0, partial(cancel_abandoned, janitor_client, store, parts.control(kind, janitor_client)))
                for kind, store in parts.stores.items()
            ),
            (15.0, ServerWatch(janitor_client).look),
            (60.0, partial(_rotate_logs, settings)),
            (60.0, partial(strike_dead_workers, janitor_client, _rq_queues(settings))),
        ],
        storage=parts.journal.storage,
    )
    janitor.start()
    try:
        worker.work()
    finally:
        janitor.stop()


def pool_of(
    settings: Settings, plan: WorkPlan, poller: Poller, counters: Counters, worker_id: int
) -> ModelPool:
    """Create the model pool of one worker, with no model loaded yet."""

    def make(model: ModelPlan) -> PooledModel:
        link = ModelLink(
            model, load_timeout=settings.model_load_timeout, batch_seconds=settings.max_batch_ms / 1000
        )
        limits = BatchLimits(
            seconds=settings.max_batch_ms / 1000,
            padded_seconds=settings.asr_batch_size,
            items=model.traits.max_items,
            padded_to=model.traits.padded_to,
            is_parallel=model.traits.is_parallel,
        )
        is_elsewhere = model.request.device != plan.device
        return PooledModel(model, link, limits, time.monotonic(), is_elsewhere=is_elsewhere)

    memory = memory_of(plan.device)
    pool = ModelPool(
        plan.default,
        make,
        memory,
        poller,
        counters,
        budget_mb=settings.model_memory_mb or _fair_share_mb(settings, plan.device, memory),
        idle_seconds=settings.model_idle_seconds,
        max_attempts=settings.max_attempts,
        worker_id=worker_id,
    )
    pool.preload(_preloads(settings, plan, worker_id))
    return pool


def _fair_share_mb(settings: Settings, device: str, memory: DeviceMemory) -> int:
    """Memory (MB) for the models of one worker, with RQ_WORKER_COUNT workers spread over the devices."""
    devices = len(visible_gpus()) if device != "cpu" else 1
    workers_here = math.ceil((settings.rq_worker_count or 1) / max(1, devices))
    return round(memory.share * memory.read().total_mb / workers_here)


def _preloads(settings: Settings, plan: WorkPlan, worker_id: int) -> list[ModelPlan]:
    """Models to load at the start. One that is not available is logged and left out."""
    if not settings.preload_models:
        return [plan.default]
    models: list[ModelPlan] = []
    for name in filter(None, (part.strip() for part in settings.preload_models.split(","))):
        try:
            if name != "none":
                models.append(plan.named(name))
        except ModelUnavailable as error:
            logger.error("Worker-{} PRELOAD_MODELS: {}", worker_id, error)
    return models


def _rq_queues(settings: Settings) -> list[Queue]:
    connection = connect.blocking(str(settings.redis_url), text=False)
    return [Queue(name, connection=connection) for name in settings.queues]


def _rotate_logs(settings: Settings) -> None:
    logging.rotate_logs(settings, datetime.now(UTC))


def _wait_for_redis(client: redis.Redis) -> None:
    give_up = time.monotonic() + _REDIS_PATIENCE
    while True:
        try:
            problems = redis_check.problems(client.info())
        except redis.RedisError as error:
            if time.monotonic() > give_up:
                raise CannotWork(
                    f"Redis is away: {explain(error)}. Is it running, and is its address right?"
                ) from None
            logger.warning("waiting for Redis: {}", explain(error))
            time.sleep(1)
            continue
        if problems:
            raise CannotWork(" ".join(problems))
        return
