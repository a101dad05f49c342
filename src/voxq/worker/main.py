"""One worker process, assembled from the settings."""

from __future__ import annotations

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
from voxq.locale import Message
from voxq.model_catalogue import missing_for
from voxq.parts import Parts
from voxq.processes import life
from voxq.program import is_ours
from voxq.queue import connect, redis_check
from voxq.queue.claiming import Worker
from voxq.queue.redis_errors import explain
from voxq.recovery.dead_workers import strike_dead_workers
from voxq.recovery.janitor import LOCK_SECONDS, Janitor, serves_other
from voxq.settings import Settings
from voxq.storage.storage_id import OTHER_STORAGE
from voxq.worker.assembly import WorkerParts
from voxq.worker.loop import ModelWorker
from voxq.worker.plan import WorkPlan
from voxq.worker.wakeup import Wakeup

_REDIS_PATIENCE = 60.0
_LOOK_AGAIN_SECONDS = 0.5


class CannotWork(Exception):
    """The worker cannot start; the message says why and what to do."""


def work(settings: Settings, worker_id: int, device: str) -> int:
    """Run a worker until SIGTERM or SIGINT, and log why it cannot work. Returns its exit status.

    `device` is "cpu", "cuda:0", ...
    """
    try:
        run(settings, worker_id, device)
    except Exception as error:
        if is_ours(error):  # log it, so that it reaches the operator's log file as well as the terminal
            logger.error("Worker-{} cannot start: {}", worker_id, error)
        else:
            logger.exception("Worker-{} ended unexpectedly", worker_id)
        return 1
    return 0


def run(settings: Settings, worker_id: int, device: str) -> None:
    """Work until SIGTERM or SIGINT. `device` is "cpu", "cuda:0", ...

    Raises CannotWork, EngineError, UnknownModel or ModelError if the worker cannot start.
    """
    logging.setup("worker", settings)
    if settings.redis_url is None:
        raise CannotWork(Message("No Redis is configured: set REDIS_URL or REDIS_HOST, or use `voxq up`."))
    registry.use_plugins(settings.plugins)
    if missing := missing_for(settings):
        raise CannotWork(missing.advice)
    plan = WorkPlan.of(settings, device)
    client = _redis_when_available(settings.redis_url)
    parts = Parts.of(settings)
    if serves_other(client, parts.journal.storage, patience=LOCK_SECONDS + 2):
        raise CannotWork(OTHER_STORAGE)
    # In a container every worker has the same host and pid; the last part tells `voxq up` which tasks it had.
    name = f"voxq-{worker_id}.{socket.gethostname()}.{os.getpid()}.{life.name_of_mine()}"
    identity = Worker(name, ModelWorker.redis_worker_namespace_prefix + name)
    worker = ModelWorker(
        WorkerParts(parts, plan, client, identity, worker_id),
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
            *((2.0, parts.control(kind, janitor_client).cancel_abandoned) for kind in parts.stores),
            (15.0, parts.erasure(janitor_client).run),
            (15.0, redis_check.ServerWatch(janitor_client).look),
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


def _rq_queues(settings: Settings) -> list[Queue]:
    connection = connect.blocking(str(settings.redis_url), text=False)
    return [Queue(name, connection=connection) for name in settings.queues]


def _rotate_logs(settings: Settings) -> None:
    logging.rotate_logs(settings, datetime.now(UTC))


def _redis_when_available(url: str) -> redis.Redis:
    """Connect the worker's loop with Redis, as soon as Redis can be used. Raises CannotWork."""
    give_up = time.monotonic() + _REDIS_PATIENCE
    while True:
        try:
            client = connect.blocking(url, single=True)
            problems = redis_check.problems(client.info())
        except redis.RedisError as error:
            if time.monotonic() > give_up:
                raise CannotWork(
                    Message(
                        "Redis is unavailable: {error}. Is it running, and is its address right?",
                        error=explain(error),
                    )
                ) from None
            logger.warning("waiting for Redis: {}", explain(error))
            time.sleep(_LOOK_AGAIN_SECONDS)
            continue
        if problems:
            raise CannotWork(" ".join(problems))
        return client
