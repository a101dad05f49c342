"""Workers as the API sees them, and the waiting times that follow from their work."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import redis.asyncio
from pydantic import TypeAdapter, ValidationError
from redis.exceptions import RedisError

from voxq import kinds
from voxq.api.recent import Recent
from voxq.engines.contract import Capability
from voxq.queue import script, workers
from voxq.queue.claiming import CLAIM_TTL
from voxq.queue.enqueueing import Place
from voxq.queue.store import Store

_KEPT_SECONDS = 1.0
"""Maximum age in seconds of an estimate; a hundred clients that ask at once cost one query."""


@dataclass(frozen=True, slots=True)
class Resident:
    """A model that a worker has loaded or is loading.

    `batch_items` and `batch_padded_seconds` are its current batch limits, reduced after out of memory;
    `speed_short` and `speed_long` are seconds of sound in a second, if they were measured.
    """

    name: str
    state: str
    memory_mb: float | None = None
    load_seconds: float | None = None
    batch_items: int | None = None
    batch_padded_seconds: float | None = None
    replicas: int | None = None
    speed_short: float | None = None
    speed_long: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a whole device, whoever uses it."""

    total_mb: float
    used_mb: float


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """Report of a worker about itself.

    `beat`: time of the report, in seconds since the epoch; `held`: tasks in progress; `rtf`: real-time factor
    at its warm-up; `seconds_left`: engine seconds its tasks still need; `models`: names it offers, the
    default first.
    """

    id: int
    state: str
    engine: str
    model: str
    device: str
    beat: float
    held: int
    rtf: float | None = None
    seconds_left: float = 0.0
    host: str = ""
    is_loaded: bool = True
    """Whether it has a model in memory. A worker that loads on demand is ready without one."""
    models: tuple[str, ...] = ()
    synthesisers: tuple[str, ...] = ()
    rewriters: tuple[str, ...] = ()
    embedders: tuple[str, ...] = ()
    spoken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Synthesiser -> its languages; a worker of an older version may leave synthesisers out."""
    resident: tuple[Resident, ...] = ()
    memory: Memory | None = None
    loads: int = 0
    load_seconds_total: float = 0.0
    switches: int = 0
    """Number of models loaded on demand."""
    out_of_memory: int = 0

    @classmethod
    def load(cls, raw: str) -> WorkerFacts | None:
        """Parse a report; None if it is unintelligible, because another version may have written it."""
        try:
            return _FACTS.validate_json(raw)
        except ValidationError:
            return None


_FACTS = TypeAdapter(WorkerFacts)


@dataclass(frozen=True, slots=True)
class WorkerOverview:
    """Living workers, and the engine seconds per second of audio (measured, or 1) by kind of task."""

    workers: tuple[WorkerFacts, ...] = ()
    paces: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls, facts: Iterable[WorkerFacts | None], measured: Mapping[str, float | None], now: float
    ) -> Self:
        """Select the workers whose last report is within CLAIM_TTL seconds of `now`.

        Reports from the future count, too: they were sent before the clock was set back. `measured` is the
        pace by kind of task, None for a kind until one of its tasks has ended.
        """
        alive = sorted((w for w in facts if w and abs(now - w.beat) <= CLAIM_TTL), key=lambda w: w.id)
        paces = {kind: pace for kind, pace in measured.items() if pace}
        warm_up = [worker.rtf for worker in alive if worker.rtf]
        if warm_up:  # measured on the model that a worker loads first
            paces.setdefault(kinds.first().name, max(warm_up))
        return cls(tuple(alive), paces)

    def pace_of(self, kind: str) -> float:
        """Return the engine seconds per second of audio of a kind of task; 1 if nothing was measured."""
        return self.paces.get(kind, 1.0)

    @property
    def ready(self) -> int:
        return sum(worker.state == "ready" for worker in self.workers)

    @property
    def has_model(self) -> bool:
        """Whether some worker can start a task without loading a model first."""
        return any(worker.state == "ready" and worker.is_loaded for worker in self.workers)

    @property
    def busy(self) -> int:
        return sum(worker.held > 0 for worker in self.workers)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of models that some worker offers, the default first; empty without workers."""
        return tuple(dict.fromkeys(name for worker in self.workers for name in worker.models))

    @property
    def synthesisers(self) -> tuple[str, ...]:
        """Names of synthesisers that some worker offers."""
        return tuple(dict.fromkeys(name for worker in self.workers for name in worker.synthesisers))

    @property
    def rewriters(self) -> tuple[str, ...]:
        """Names of models that rewrite texts that some worker offers, the default first."""
        return tuple(dict.fromkeys(name for worker in self.workers for name in worker.rewriters))

    @property
    def embedders(self) -> tuple[str, ...]:
        """Names of models that tell speakers apart that some worker offers, the default first."""
        return tuple(dict.fromkeys(name for worker in self.workers for name in worker.embedders))

    def offered(self, capability: str) -> tuple[str, ...]:
        """Names of models with this capability that some worker offers, the default first."""
        offered = {
            Capability.RECOGNISE.value: self.models,
            Capability.SPEAK.value: self.synthesisers,
            Capability.REWRITE.value: self.rewriters,
            Capability.EMBED.value: self.embedders,
        }
        return offered.get(capability, ())

    def speaks(self, synthesiser: str, language: str) -> bool:
        """Whether every worker with this synthesiser speaks the language: any of them may get a text."""
        having = [worker for worker in self.workers if synthesiser in worker.synthesisers]
        return bool(having) and all(language in w.spoken.get(synthesiser, (language,)) for w in having)

    def seconds_for(self, audio_seconds: float, kind: str) -> int:
        """Estimate the seconds until the work in progress and `audio_seconds` of audio after it are done.

        Whole seconds, at least 1.
        """
        in_work = sum(worker.seconds_left for worker in self.workers)
        return max(1, math.ceil((in_work + audio_seconds * self.pace_of(kind)) / max(1, len(self.workers))))

    def estimated_wait(self, place: Place | None, kind: str) -> int:
        """Estimate the seconds until a task at this place is started; 0 if it does not wait any more."""
        return self.seconds_for(place.ahead, kind) if place else 0


class WorkerWatch:
    """Reads the state of the workers from Redis. Belongs to one event loop."""

    def __init__(self, client: redis.asyncio.Redis, stores: Mapping[str, Store]) -> None:
        self._client = client
        self._stores = stores
        self._latest = Recent(self.look, _KEPT_SECONDS)

    async def look(self) -> WorkerOverview:
        """Read the current state. Raises redis.exceptions.RedisError if Redis is unavailable."""
        reported = await script.run_async(self._client, workers.reported())
        async with self._client.pipeline(transaction=False) as pipeline:
            for store in self._stores.values():
                pipeline.hmget(store.stats_key, ["engine_seconds", "audio_seconds"])
            sums = await pipeline.execute()
        measured = {kind: _measured(*each) for kind, each in zip(self._stores, sums, strict=True)}
        connected = (WorkerFacts.load(worker.facts) for worker in reported if worker.is_connected)
        return WorkerOverview.of(connected, measured, time.time())

    async def recent(self) -> WorkerOverview:
        """Return a state at most a second old, enough for an estimate. Raises redis.exceptions.RedisError."""
        return await self._latest.get()

    async def offered(self, capability: str) -> tuple[str, ...]:
        """Return the names of models with this capability that some worker offers, the default first; none
        while Redis is unavailable."""
        try:
            return (await self.recent()).offered(capability)
        except RedisError:
            return ()


def _measured(engine: str | None, audio: str | None) -> float | None:
    """Engine seconds per second of audio; None before there was any audio."""
    try:
        return float(engine or 0) / float(audio or 0)
    except (ValueError, ZeroDivisionError):
        return None
