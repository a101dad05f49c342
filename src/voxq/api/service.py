"""Shared parts of all routes, made once per process: connections, stores, probing processes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import redis.asyncio
from fastapi import Depends, Request

from voxq import kinds
from voxq.api.available import ModelWatch
from voxq.api.callers.access import Access
from voxq.api.limits.memory import Memory
from voxq.api.limits.streams import Streams
from voxq.api.limits.waiting_requests import WaitingRequests
from voxq.api.live.events import Events
from voxq.api.live.stopping import told_to_stop
from voxq.api.monitoring.counter_sync import CounterSync
from voxq.api.monitoring.outage import Outage
from voxq.api.monitoring.workers import WorkerWatch
from voxq.api.samples import VoiceSamples
from voxq.api.submission.model_fingerprints import ModelFingerprints
from voxq.api.voices import VoiceWatch
from voxq.api.webhooks import delivering
from voxq.metrics.counters import Counters
from voxq.model_catalogue import ModelCatalogue, listings_of
from voxq.model_store.store import ModelStore
from voxq.parts import Parts
from voxq.processes.media.pool import ProbePool
from voxq.queue import connect
from voxq.queue.redis_errors import Repeats
from voxq.settings import Settings, SettingsError
from voxq.tasks.control import Control
from voxq.tasks.intake import RecordingIntake, TextIntake

_MOST_BODIES = 128 << 20
"""Memory budget for request bodies, in bytes; room for four of the largest batches of texts."""
_REDIS_SECONDS = 0.6
"""Time-out of one step: connecting, a command, and its retry. A client gets a response within two seconds."""


@dataclass(frozen=True, slots=True)
class Service:
    """Parts behind the routes. `ailments` remembers the problems that `/health` has logged; `started` is a
    reading of `time.monotonic`."""

    settings: Settings
    access: Access
    parts: Parts
    client: redis.asyncio.Redis
    recordings: Mapping[str, RecordingIntake]
    """By kind of task."""
    texts: Mapping[str, TextIntake]
    """By kind of task."""
    control: Mapping[str, Control]
    events: Events
    outage: Outage
    ailments: Repeats
    overview: WorkerWatch
    models: ModelWatch
    voices: VoiceWatch
    samples: VoiceSamples
    model_fingerprints: ModelFingerprints
    streams: Streams
    waiting_requests: WaitingRequests
    memory: Memory
    counter_sync: CounterSync
    started: float


@asynccontextmanager
async def running(settings: Settings, counters: Counters) -> AsyncIterator[Service]:
    """Run a service inside the context. Redis may be away at any time, including the start.

    `counters` are those of this process. Raises SettingsError if no Redis is configured.
    """
    if settings.redis_url is None:
        raise SettingsError("No Redis is configured: set REDIS_URL or REDIS_HOST, or use `voxq up`.")
    parts = Parts.of(settings)
    client = connect.asynchronous(settings.redis_url, seconds=_REDIS_SECONDS)
    # Control runs in threads, which may wait longer than the event loop.
    blocking = connect.blocking(settings.redis_url)
    probes = ProbePool(settings.media_processes, settings.media_timeout_seconds, settings.max_audio_seconds)
    events = Events(client)
    overview = WorkerWatch(client, parts.stores)
    service = Service(
        settings=settings,
        access=Access.of(settings),
        parts=parts,
        client=client,
        recordings={
            name: RecordingIntake(
                parts.stores[name],
                parts.journal,
                parts.blobs,
                client,
                probes.probe,
                long_seconds=settings.long_audio_seconds,
            )
            for name, kind in kinds.registered().items()
            if kind.takes_recording
        },
        texts={
            name: TextIntake(
                parts.stores[name],
                parts.journal,
                parts.blobs,
                client,
                long_seconds=settings.long_audio_seconds,
            )
            for name, kind in kinds.registered().items()
            if not kind.takes_recording
        },
        control={kind: parts.control(kind, blocking) for kind in parts.stores},
        events=events,
        outage=Outage(),
        ailments=Repeats(),
        overview=overview,
        models=ModelWatch(overview, ModelCatalogue.of(settings)),
        voices=VoiceWatch(overview, ModelStore(search=[settings.asr_model_path])),
        samples=VoiceSamples(settings.samples_dir),
        model_fingerprints=ModelFingerprints(settings, listings_of(settings), overview.offered),
        streams=Streams(settings.max_event_streams),
        memory=Memory(_MOST_BODIES),
        waiting_requests=WaitingRequests(
            settings.max_waiting_requests, is_shared=len(set(settings.keys.values())) > 1
        ),
        counter_sync=CounterSync(client, counters),
        started=time.monotonic(),
    )
    await probes.start()
    events.start()
    service.counter_sync.start()
    try:
        with told_to_stop(events.release):
            async with delivering(parts, client, events):
                yield service
    finally:
        await events.close()
        await service.samples.close()
        await probes.close()
        await service.counter_sync.close()
        await client.aclose()
        blocking.close()


async def _service_of(request: Request) -> Service:
    return request.app.state.service


TheService = Annotated[Service, Depends(_service_of)]
