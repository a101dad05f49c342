"""Assembles the parts of a worker and hands each the others that it depends on."""

from __future__ import annotations

import math
import time

import redis
from loguru import logger

from voxq.kinds.work import ModelUnavailable
from voxq.machine.device_memory import DeviceMemory, memory_of
from voxq.machine.devices import visible_gpus
from voxq.metrics.counters import Counters
from voxq.parts import Parts
from voxq.queue.claiming import Worker
from voxq.queue.workers import channel_of
from voxq.settings import Settings
from voxq.storage.tuning import Tunings
from voxq.worker.disk_trouble import DiskWarnings
from voxq.worker.dispatch.accounting import Accounting
from voxq.worker.dispatch.company import BatchTimes
from voxq.worker.dispatch.dispatcher import Dispatcher
from voxq.worker.dispatch.failures import Failures
from voxq.worker.dispatch.model_messages import ModelMessages
from voxq.worker.dispatch.model_upkeep import ModelUpkeep
from voxq.worker.dispatch.out_of_memory import OutOfMemory
from voxq.worker.dispatch.results import Results
from voxq.worker.dispatch.time_limits import TimeLimits
from voxq.worker.facts import Facts
from voxq.worker.heartbeat import CountReport, Heartbeat
from voxq.worker.lifecycle.admission import Admission
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.lifecycle.claims import Claims
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.lifecycle.run_factory import RunFactory
from voxq.worker.lifecycle.stages import Stages
from voxq.worker.lifecycle.starting import RunStarter
from voxq.worker.media.joining import Joining
from voxq.worker.media.media_link import MediaLink
from voxq.worker.media.media_work import MediaWork
from voxq.worker.media.preparation import Preparation
from voxq.worker.model_pool.model_link import ModelLink
from voxq.worker.model_pool.pool import ModelPool, PoolLimits
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.model_pool.tuner import Tuner
from voxq.worker.plan import ModelPlan, WorkPlan, automatic_slots
from voxq.worker.poller import Poller
from voxq.worker.redis_link import RedisLink
from voxq.worker.runs.task_runs import TaskRuns
from voxq.worker.scheduler import BatchLimits

_BYTES_PER_SECOND = 64_000
"""Bytes per second of decoded sound."""


class WorkerParts:
    """The parts that the worker's loop drives; one thread uses all of them.

    No process is started, and no model loaded, before the loop runs.
    """

    def __init__(
        self, parts: Parts, plan: WorkPlan, client: redis.Redis, identity: Worker, worker_id: int
    ) -> None:
        """Build the parts, each after those that it works with. `client` decodes answers to text."""
        settings = parts.settings
        slots = settings.max_inflight or automatic_slots(
            plan.largest_batch(), len(plan.names(plan.default.capability)), plan.calls_elsewhere()
        )
        counters, warnings = Counters(), DiskWarnings(worker_id)
        runs = self.task_runs = TaskRuns()
        self.poller = Poller()
        self.redis_link = RedisLink(client, worker_id)
        self.pool = _pool_of(settings, plan, self.poller, counters, worker_id)
        self.media = _media_of(settings, self.poller, warnings, processes=min(2, slots))
        claims = Claims(parts.stores, client, self.redis_link, identity)

        self.endings = RunEndings(
            runs, parts, claims, self.redis_link, identity, self.media, warnings, worker_id
        )
        blame = Blame(runs, self.endings, counters, worker_id, max_attempts=settings.max_attempts)
        self.stages = Stages(runs, self.media, self.pool, claims, self.endings, blame, worker_id)
        starter = RunStarter(
            runs, RunFactory(parts, plan), claims, self.endings, blame, self.stages, warnings, worker_id
        )
        self.admission = Admission(runs, plan, self.pool, claims, starter, slots=slots)
        facts = Facts(worker_id, channel_of(identity.name), plan, self.pool, runs)
        self.heartbeat = Heartbeat(
            runs, facts, claims, self.admission, self.endings, storage=parts.journal.storage
        )
        self.counts = CountReport(counters, self.redis_link)

        limits = TimeLimits(self.pool, settings.rq_worker_timeout)
        accounting = Accounting(counters, worker_id)
        usual = settings.max_batch_ms / 1000
        times = BatchTimes(usual, min(usual, settings.live_batch_ms / 1000))
        self.dispatcher = Dispatcher(runs, self.pool, accounting, times)
        self.failures = Failures(runs, self.pool, limits, blame, counters, self.heartbeat.hurry, worker_id)
        results = Results(
            runs,
            limits,
            accounting,
            OutOfMemory(self.pool, blame, counters, worker_id),
            self.stages,
            blame,
            warnings,
            patience=settings.media_timeout_seconds,
        )
        self.model_messages = ModelMessages(
            runs, self.pool, limits, results, self.failures, self.stages, self.heartbeat.hurry
        )
        self.model_upkeep = ModelUpkeep(runs, self.pool, plan, self.endings, blame, worker_id)
        self.tuner = Tuner(
            self.pool,
            Tunings(settings.tuning_dir),
            self.poller,
            idle_seconds=settings.tune_after_seconds,
            worker_id=worker_id,
        )


def _media_of(settings: Settings, poller: Poller, warnings: DiskWarnings, *, processes: int) -> MediaWork:
    timeout = settings.media_timeout_seconds
    preparation = Preparation(
        [MediaLink(timeout) for _ in range(processes)],
        poller,
        warnings,
        sound_seconds=(settings.worker_pcm_mb << 20) / _BYTES_PER_SECOND,
        long_seconds=settings.long_audio_seconds,
        patience=timeout,
    )
    return MediaWork(preparation, Joining(poller, warnings, timeout=timeout, patience=timeout))


def _pool_of(
    settings: Settings, plan: WorkPlan, poller: Poller, counters: Counters, worker_id: int
) -> ModelPool:
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
            at_once=model.traits.at_once,
        )
        is_elsewhere = model.request.device != plan.device
        return PooledModel(model, link, limits, time.monotonic(), is_elsewhere=is_elsewhere)

    memory = memory_of(plan.device)
    limits = PoolLimits(
        settings.model_memory_mb or _fair_share_mb(settings, plan.device, memory),
        settings.model_idle_seconds,
        settings.max_attempts,
    )
    pool = ModelPool(plan.default, make, memory, poller, counters, limits, worker_id)
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
