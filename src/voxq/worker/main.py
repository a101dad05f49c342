"""One worker process, put together from the settings."""

from __future__ import annotations

import os
import secrets
import socket
import time
from datetime import UTC, datetime
from functools import partial

import redis
from loguru import logger
from rq import Queue

from voxq import logging, redis_check
from voxq.engines import registry
from voxq.engines.base import EngineRequest
from voxq.models.store import ModelStore
from voxq.settings import Settings
from voxq.tasks import connect
from voxq.tasks.parts import Parts
from voxq.worker.horse_link import HorseLink
from voxq.worker.janitor import Janitor
from voxq.worker.media_link import MediaLink
from voxq.worker.model_worker import ModelWorker
from voxq.worker.plan import WorkPlan
from voxq.worker.roster import strike_dead_workers
from voxq.worker.wakeup import Wakeup

_REDIS_PATIENCE = 60.0


class CannotWork(Exception):
    """The worker cannot start; the message says why and what to do."""


def run(settings: Settings, worker_id: int, device: str) -> None:
    """Work until SIGTERM or SIGINT. `device` is "cpu", "cuda:0", ...

    Raises CannotWork, EngineError or ModelError when starting makes no sense.
    """
    logging.setup("worker", settings)
    if settings.redis_url is None:
        raise CannotWork("No Redis is configured: set REDIS_URL or REDIS_HOST, or use `voxq up`.")
    request = EngineRequest(settings.asr_engine, settings.asr_model, device, settings.asr_threads)
    kind = registry.find(request.engine)
    plan = WorkPlan.of(settings, request, kind.traits_for(request))
    models = kind.model_paths(request, ModelStore(search=[settings.asr_model_path]).resolve)

    client = connect.blocking(settings.redis_url)
    _wait_for_redis(client)
    parts = Parts.of(settings)
    # With a random part: in a container every life of a worker has the same host and pid.
    name = f"voxq-{worker_id}.{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(2)}"
    worker = ModelWorker(
        parts,
        plan,
        worker_id=worker_id,
        name=name,
        rq_connection=connect.blocking(settings.redis_url, text=False),
        client=client,
        horse=HorseLink(
            request,
            models,
            load_timeout=settings.model_load_timeout,
            batch_seconds=settings.max_batch_ms / 1000,
        ),
        media=[
            MediaLink(settings.media_timeout_seconds, settings.max_audio_seconds)
            for _ in range(min(2, settings.max_inflight or 4))
        ],
        wakeup=Wakeup(connect.blocking(settings.redis_url), name),
    )
    janitor_client = connect.blocking(settings.redis_url)
    janitor = Janitor(
        janitor_client,
        parts.recovery(janitor_client),
        [
            (60.0, partial(_rotate_logs, settings)),
            (60.0, partial(strike_dead_workers, janitor_client, _rq_queues(settings))),
        ],
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


def _wait_for_redis(client: redis.Redis) -> None:
    give_up = time.monotonic() + _REDIS_PATIENCE
    while True:
        try:
            problems = redis_check.problems(client.info())
        except redis.RedisError as error:
            if time.monotonic() > give_up:
                raise CannotWork(
                    f"Redis does not answer ({error}). Is it running, and is its address right?"
                ) from None
            logger.warning("waiting for Redis ({})", type(error).__name__)
            time.sleep(1)
            continue
        if problems:
            raise CannotWork(" ".join(problems))
        return
