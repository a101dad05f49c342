"""Shared parts of all routes, made once per process: connections, stores, probing processes."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request

from voxq import kinds
from voxq.api.available import ModelWatch
from voxq.api.callers.access import Access
from voxq.api.limits import Memory, Streams, WaitingRequests
from voxq.api.live.events import Events
from voxq.api.live.stopping import told_to_stop
from voxq.api.monitoring.counter_sync import CounterSync
from voxq.api.monitoring.outage import Outage
from voxq.api.monitoring.workers import WorkerWatch
from voxq.api.openai.chat_upstream import Upstreams
from voxq.api.samples import VoiceSamples
from voxq.api.submission.model_fingerprints import ModelFingerprints
from voxq.api.voices import VoiceWatch
from voxq.api.webhooks import delivering
from voxq.locale import Message
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
_KIND = re.compile(r"/api/v1/([^/]+)/")


class Service:
    """Parts behind the routes, of one process. Nothing runs before `running`."""

    def __init__(self, settings: Settings, redis_url: str, counters: Counters) -> None:
        """Build the parts, each after those that it works with. `counters` are those of this process."""
        self.started = time.monotonic()
        self.settings = settings
        self.access = Access.of(settings)
        self.parts = Parts.of(settings)
        self.client = connect.asynchronous(redis_url, seconds=_REDIS_SECONDS)
        self.trips = connect.trips(redis_url, seconds=_REDIS_SECONDS)
        """For scripts; `client` is for everything else."""
        # Control runs in threads, which may wait longer than the event loop.
        self.blocking = connect.blocking(redis_url)
        self.probes = ProbePool(
            settings.media_processes, settings.media_timeout_seconds, settings.max_audio_seconds
        )
        self.events = Events(self.client)
        self.overview = WorkerWatch(self.client, self.parts.stores)
        self.recordings: Mapping[str, RecordingIntake] = {
            name: RecordingIntake(
                self.parts.stores[name],
                self.parts.journal,
                self.parts.blobs,
                self.trips,
                self.probes.probe,
                long_seconds=settings.long_audio_seconds,
            )
            for name, kind in kinds.registered().items()
            if kind.takes_recording
        }
        """By kind of task."""
        self.texts: Mapping[str, TextIntake] = {
            name: TextIntake(
                self.parts.stores[name],
                self.parts.journal,
                self.parts.blobs,
                self.trips,
                long_seconds=settings.long_audio_seconds,
            )
            for name, kind in kinds.registered().items()
            if not kind.takes_recording
        }
        """By kind of task."""
        self.control: Mapping[str, Control] = {
            kind: self.parts.control(kind, self.blocking) for kind in self.parts.stores
        }
        """By kind of task."""
        self.outage = Outage()
        self.ailments = Repeats()
        """Problems that `/health` has logged."""
        providers = tuple(settings.providers)
        self.models = ModelWatch(self.overview, ModelCatalogue.of(settings), providers)
        self.voices = VoiceWatch(self.overview, ModelStore(search=[settings.asr_model_path]))
        self.samples = VoiceSamples(settings.samples_dir)
        self.model_fingerprints = ModelFingerprints(settings, listings_of(settings), self.overview.offered)
        self.streams = Streams(settings.max_event_streams)
        self.memory = Memory(_MOST_BODIES)
        self.waiting_requests = WaitingRequests(
            settings.max_waiting_requests, is_shared=len(set(settings.keys.values())) > 1
        )
        self.counter_sync = CounterSync(self.client, counters)
        self.chats = Upstreams(settings.providers, seconds=settings.openai_timeout_seconds)


@asynccontextmanager
async def running(settings: Settings, counters: Counters) -> AsyncIterator[Service]:
    """Run a service inside the context. Redis may be away at any time, including the start.

    `counters` are those of this process. Raises SettingsError if no Redis is configured.
    """
    if settings.redis_url is None:
        raise SettingsError(Message("No Redis is configured: set REDIS_URL or REDIS_HOST, or use `voxq up`."))
    service = Service(settings, settings.redis_url, counters)
    events = service.events
    await service.probes.start()
    events.start()
    service.counter_sync.start()
    try:
        with told_to_stop(events.release):
            async with delivering(service.parts, service.client, events):
                yield service
    finally:
        await events.close()
        await service.samples.close()
        await service.chats.close()
        await service.probes.close()
        await service.counter_sync.close()
        await service.trips.close()
        await service.client.aclose()
        service.blocking.close()


async def _service_of(request: Request) -> Service:
    return request.app.state.service


async def _kind_of(request: Request) -> str:
    """Return the name of the kind in the path, which may begin with a prefix that a proxy added."""
    named = (found[1] for found in _KIND.finditer(request.url.path) if found[1] in kinds.registered())
    return next(named)  # exists, or no such route would have matched


TheService = Annotated[Service, Depends(_service_of)]
TheKind = Annotated[str, Depends(_kind_of)]
"""Name of the kind of task that a route is for. Routes common to all kinds are mounted once for each."""
