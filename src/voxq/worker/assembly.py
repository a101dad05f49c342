"""Assembles the parts of a worker and hands each the others that it depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import redis

from voxq.metrics.counters import Counters
from voxq.parts import Parts
from voxq.queue.claiming import Worker
from voxq.worker.disk_warnings import DiskWarnings
from voxq.worker.dispatch.accounting import Accounting
from voxq.worker.dispatch.dispatcher import Dispatcher
from voxq.worker.dispatch.failures import Failures
from voxq.worker.dispatch.model_events import ModelEvents
from voxq.worker.dispatch.out_of_memory import OutOfMemory
from voxq.worker.dispatch.results import Results
from voxq.worker.dispatch.time_limits import TimeLimits
from voxq.worker.heartbeat import Heartbeat
from voxq.worker.lifecycle.admission import Admission
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.lifecycle.claims import Claims
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.lifecycle.stages import Stages
from voxq.worker.lifecycle.starting import RunStarter
from voxq.worker.media.joining import Joining
from voxq.worker.media.media_link import MediaLink
from voxq.worker.media.media_work import MediaWork
from voxq.worker.media.preparation import Preparation
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.plan import WorkPlan
from voxq.worker.poller import Poller
from voxq.worker.redis_link import RedisLink
from voxq.worker.runs.task_runs import TaskRuns

_BYTES_PER_SECOND = 64_000
"""Bytes per second of decoded sound."""


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """The parts that the worker's loop drives; one thread uses all of them."""

    task_runs: TaskRuns
    redis_link: RedisLink
    heartbeat: Heartbeat
    admission: Admission
    media: MediaWork
    dispatcher: Dispatcher
    engines: ModelEvents
    failures: Failures
    stages: Stages
    endings: RunEndings

    @classmethod
    def of(
        cls,
        parts: Parts,
        plan: WorkPlan,
        pool: ModelPool,
        poller: Poller,
        media: Sequence[MediaLink],
        client: redis.Redis,
        counters: Counters,
        identity: Worker,
        worker_id: int,
        *,
        slots: int,
    ) -> WorkerParts:
        """Build the parts. `client` decodes answers to text; `slots`: tasks at once."""
        settings = parts.settings
        patience = settings.media_timeout_seconds
        disk_warnings = DiskWarnings(worker_id)
        redis_link = RedisLink(client, worker_id)
        claims = Claims(parts.stores, client, redis_link, identity)
        task_runs = TaskRuns()
        preparation = Preparation(
            media,
            poller,
            disk_warnings,
            sound_seconds=(settings.worker_pcm_mb << 20) / _BYTES_PER_SECOND,
            long_seconds=settings.long_audio_seconds,
            patience=patience,
        )
        joining = Joining(poller, disk_warnings, timeout=settings.media_timeout_seconds, patience=patience)
        media_work = MediaWork(preparation, joining)
        endings = RunEndings(
            task_runs, parts, claims, redis_link, identity, media_work, disk_warnings, worker_id
        )
        blame = Blame(task_runs, endings, counters, worker_id, max_attempts=settings.max_attempts)
        stages = Stages(
            task_runs,
            media_work,
            pool,
            claims,
            endings,
            blame,
            worker_id,
        )
        starter = RunStarter(task_runs, parts, plan, claims, endings, blame, stages, disk_warnings, worker_id)
        admission = Admission(task_runs, plan, pool, claims, starter, slots=slots)
        heartbeat = Heartbeat(
            task_runs,
            plan,
            pool,
            claims,
            admission,
            endings,
            counters,
            redis_link,
            worker_id,
            storage=parts.journal.storage,
        )
        limits = TimeLimits(pool, settings.rq_worker_timeout)
        accounting = Accounting(counters, worker_id)
        failures = Failures(task_runs, pool, limits, blame, counters, heartbeat.hurry, worker_id)
        out_of_memory = OutOfMemory(pool, blame, counters, worker_id)
        results = Results(
            task_runs, limits, accounting, out_of_memory, stages, blame, disk_warnings, patience=patience
        )
        return cls(
            task_runs=task_runs,
            redis_link=redis_link,
            heartbeat=heartbeat,
            admission=admission,
            media=media_work,
            dispatcher=Dispatcher(task_runs, pool, accounting),
            engines=ModelEvents(
                task_runs,
                pool,
                plan,
                limits,
                results,
                failures,
                stages,
                endings,
                blame,
                heartbeat.hurry,
                worker_id,
            ),
            failures=failures,
            stages=stages,
            endings=endings,
        )
