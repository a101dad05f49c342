"""The parts of a worker, and which of them knows which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import redis

from voxq.metrics.counters import Counters
from voxq.tasks.claiming import Worker
from voxq.tasks.parts import Parts
from voxq.worker.complaint import Complaint
from voxq.worker.engine.accidents import Accidents
from voxq.worker.engine.accounts import Accounts
from voxq.worker.engine.engine_room import EngineRoom
from voxq.worker.engine.feeding import Feeding
from voxq.worker.engine.results import Results
from voxq.worker.engine.time_limits import TimeLimits
from voxq.worker.flow.admission import Admission
from voxq.worker.flow.blame import Blame
from voxq.worker.flow.claims import Claims
from voxq.worker.flow.closing import Closing
from voxq.worker.flow.departures import Departures
from voxq.worker.flow.enrolment import Enrolment
from voxq.worker.flow.stages import Stages
from voxq.worker.heartbeat import Heartbeat
from voxq.worker.held.assignments import Assignments
from voxq.worker.media.joining import Joining
from voxq.worker.media.media_link import MediaLink
from voxq.worker.media.media_requests import MediaRequests
from voxq.worker.media.preparation import Preparation
from voxq.worker.models.stable import Stable
from voxq.worker.plan import WorkPlan
from voxq.worker.poller import Poller
from voxq.worker.redis_line import RedisLine

_BYTES_PER_SECOND = 64_000
"""Of decoded sound."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the worker's loop drives. All of it is used by one thread."""

    assignments: Assignments
    line: RedisLine
    heartbeat: Heartbeat
    admission: Admission
    preparation: Preparation
    feeding: Feeding
    engines: EngineRoom
    accidents: Accidents
    joining: Joining
    stages: Stages
    departures: Departures
    closing: Closing

    @classmethod
    def of(
        cls,
        parts: Parts,
        plan: WorkPlan,
        stable: Stable,
        poller: Poller,
        media: Sequence[MediaLink],
        client: redis.Redis,
        counters: Counters,
        identity: Worker,
        worker_id: int,
        *,
        slots: int,
    ) -> Workshop:
        """`client` answers text; `slots`: tasks at once."""
        settings = parts.settings
        patience = settings.media_timeout_seconds
        trouble = Complaint(worker_id)
        line = RedisLine(client, worker_id)
        claims = Claims(parts.stores, client, line, identity)
        closing = Closing(parts.ending(client), line, identity, trouble, worker_id)
        assignments = Assignments()
        preparation = Preparation(
            media,
            MediaRequests(plan, parts.recordings, settings.max_audio_seconds).of,
            poller,
            trouble,
            sound_seconds=(settings.worker_pcm_mb << 20) / _BYTES_PER_SECOND,
            long_seconds=settings.long_audio_seconds,
            patience=patience,
        )
        joining = Joining(poller, trouble, timeout=settings.media_timeout_seconds, patience=patience)
        departures = Departures(assignments, parts, claims, closing, preparation, joining, trouble, worker_id)
        blame = Blame(assignments, departures, counters, worker_id, max_attempts=settings.max_attempts)
        stages = Stages(
            assignments,
            preparation,
            joining,
            stable,
            claims,
            departures,
            blame,
            worker_id,
            batch_size=settings.asr_batch_size,
        )
        enrolment = Enrolment(
            assignments, parts, plan, claims, closing, departures, blame, stages, trouble, worker_id
        )
        admission = Admission(assignments, plan, stable, claims, enrolment, slots=slots)
        heartbeat = Heartbeat(
            assignments,
            plan,
            stable,
            claims,
            admission,
            departures,
            counters,
            line,
            worker_id,
            storage=parts.journal.storage,
        )
        limits = TimeLimits(stable, settings.rq_worker_timeout)
        accounts = Accounts(counters, worker_id)
        accidents = Accidents(
            assignments, stable, limits, departures, blame, counters, heartbeat.hurry, worker_id
        )
        results = Results(
            assignments, limits, accounts, accidents, stages, departures, blame, trouble, patience=patience
        )
        return cls(
            assignments=assignments,
            line=line,
            heartbeat=heartbeat,
            admission=admission,
            preparation=preparation,
            feeding=Feeding(assignments, stable, accounts, accidents),
            engines=EngineRoom(
                assignments,
                stable,
                plan,
                limits,
                results,
                accidents,
                stages,
                departures,
                heartbeat.hurry,
                worker_id,
            ),
            accidents=accidents,
            joining=joining,
            stages=stages,
            departures=departures,
            closing=closing,
        )
