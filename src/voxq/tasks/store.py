"""The live view of tasks in Redis: every change is one script, built here and run by `voxq.tasks.script`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from rq.utils import utcformat

from voxq.keys import Allowance, Allowances
from voxq.tasks import documents, history, rq_job, webhook_job
from voxq.tasks.journal import Ended
from voxq.tasks.outcome import Outcome
from voxq.tasks.script import Command
from voxq.tasks.statistics import Sample, counters_of
from voxq.tasks.task import Kind, Lane, Status, Task, day_of, short_id

T = TypeVar("T")

CLAIM_TTL = 15
"""Seconds without a heartbeat after which a worker's tasks go back to their lanes."""

EPOCH_KEY = "voxq:epoch"
SERVER_KEY = "voxq:server"
JANITOR_KEY = "voxq:janitor"
WORKERS_KEY = "voxq:workers"
WAKE_CHANNEL = "voxq:wake"
EVENTS_CHANNEL = "voxq:events"

_IDEMPOTENCY_TTL = 24 * 3600
_ROOM_TTL = 3
"""Seconds without a heartbeat after which a worker gets no share of what waits."""
_SAMPLES = 5000


@dataclass(frozen=True, slots=True)
class Door:
    """What an upload needs to know before its body is read."""

    opened_at: float
    """Seconds since the epoch: on that day, `number` is its own."""
    number: int
    waiting_seconds: float
    owner_seconds: float
    """Of the waiting ones, those of who knocks."""
    known_id: str | None
    """The task that was submitted with the same Idempotency-Key."""
    early_seconds: float
    """Until one more request is within the rate; 0: it is."""
    epoch: str
    """The storage that Redis works for; empty: it has lost everything, or is new."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting task stands: 1 is next; `ahead` in audio seconds, all better lanes included."""

    position: int
    ahead: float


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The answer to S3. `place` while it waits; `same_id`: the task that has this Idempotency-Key;
    `waiting_seconds`: of all, or of the owner, whichever are too many."""

    answer: Literal["queued", "known", "same", "full", "quota"]
    place: Place | None = None
    same_id: str | None = None
    waiting_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class View:
    """A task's document (None: unknown) and, while it waits, its place."""

    document: dict[str, Any] | None
    place: Place | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """An id out of a lane; the task itself is read from the journal."""

    task_id: str
    lane: Lane
    kind: Kind = Kind.ASR


@dataclass(frozen=True, slots=True)
class Taken:
    """What a worker got out of the lanes, and how many jobs in its way were not tasks of ours."""

    claimed: tuple[Claimed, ...] = ()
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A task a worker holds, with the id of its RQ execution."""

    task: Task
    execution: str


@dataclass(frozen=True, slots=True)
class Worker:
    """How a worker is known to Redis."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Room:
    """How many tasks of each lane a worker holds, and how many more it could take on, for which models."""

    held: Mapping[Lane, int]
    free: Mapping[Lane, int]
    models: Collection[str] = ()
    """Tasks for others are left to a worker that has theirs, if one has."""
    broken: Collection[str] = ()
    """Models that do not load at the moment; "" is the default. Tasks for them are left where they are."""


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to a heartbeat. `epoch`: the storage that Redis works for; empty if it came back empty."""

    epoch: str
    registered: bool
    suspended: bool
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Tasks by where they are, and the audio seconds that wait."""

    queued: int
    processing: int
    failed: int
    queued_seconds: float
    by_lane: dict[Lane, int]


class Store:
    """Builds the commands for one kind of task. Pure: it holds names and limits, no connection."""

    def __init__(
        self,
        kind: Kind,
        queues: Mapping[Lane, str],
        *,
        result_ttl: int,
        failed_ttl: int,
        history_size: int,
        task_timeout: int,
        max_queue_seconds: float,
        allowances: Allowances,
    ) -> None:
        """TTLs and timeout in seconds; `max_queue_seconds` 0 = no limit; `allowances` of owners, by name."""
        self.kind = kind
        self.queues = {lane: queues[lane] for lane in Lane}
        self._lane_of = {queue: lane for lane, queue in self.queues.items()}
        self._context = json.dumps({"kind": kind, "lanes": list(self.queues.values())})
        self._result_ttl = result_ttl
        self._failed_ttl = failed_ttl
        self._history_size = history_size
        self._task_timeout = task_timeout
        self._max_queue_seconds = max_queue_seconds
        self._allowances = allowances

    @property
    def context(self) -> str:
        """What every script is told of this kind of task."""
        return self._context

    @property
    def history_key(self) -> str:
        return f"{self.kind}:history:latest"

    @property
    def history_size(self) -> int:
        return self._history_size

    @property
    def audio_key(self) -> str:
        """A hash: short id -> stored file."""
        return f"{self.kind}:audio"

    @property
    def stats_key(self) -> str:
        return f"{self.kind}:stats"

    @property
    def leases_key(self) -> str:
        """A sorted set, see `voxq.tasks.twins`."""
        return f"{self.kind}:leases"

    @property
    def samples_key(self) -> str:
        return f"{self.kind}:stats:samples"

    @property
    def max_queue_seconds(self) -> float:
        return self._max_queue_seconds

    def allowance_of(self, owner: str) -> Allowance:
        return self._allowances.of(owner)

    def task_key(self, task_id: str) -> str:
        return f"{self.kind}:task:{task_id}"

    def ttl_of(self, status: Status) -> int:
        """How long, in seconds, the record of an ended task is kept."""
        return self._failed_ttl if status is Status.FAILED else self._result_ttl

    def door(self, now: float, idempotency: str | None, owner: str) -> Command[Door]:
        """One more request of `owner`, which counts against its rate."""
        args = {
            "day": day_of(now),
            "idempotency": idempotency or "",
            "owner": owner,
            "per_minute": self.allowance_of(owner).requests_per_minute,
        }
        return self._command(
            "door",
            args,
            lambda a: Door(now, int(a[0]), float(a[1]), float(a[2]), a[3] or None, float(a[4]), a[5]),
        )

    def enqueue(self, task: Task, *, limited: bool = True) -> Command[Enqueued]:
        """Write step S3. Recovery is not `limited`: what was accepted is never refused."""
        data, job = self._job(task)
        args = {
            "id": task.id,
            "run": task.run,
            "lane": self.queues[task.lane],
            "seconds": task.queue_seconds,
            "owner": task.owner,
            "document": documents.dump(documents.queued(task)),
            "short": task.short_id,
            "file": task.file,
            "idempotency": (task.idempotency or "") if task.run == 1 else "",
            "idempotency_ttl": _IDEMPOTENCY_TTL,
            "limit": self._max_queue_seconds if limited else 0,
            "quota": self.allowance_of(task.owner).queue_seconds if limited else 0,
            "job": job,
        }
        return self._command("enqueue", args, _enqueued, data)

    def view(self, task_id: str) -> Command[View]:
        return self._command("view", {"id": task_id}, _view)

    def counts(self, now: float) -> Command[Counts]:
        def parse(a: Any) -> Counts:
            by_lane = dict(zip(Lane, map(int, a[4:]), strict=True))
            return Counts(int(a[0]), int(a[1]), int(a[2]), float(a[3]), by_lane)

        return self._command("counts", {"now": now}, parse)

    def claim(
        self, worker: Worker, room: Room, lanes: Sequence[Lane] = tuple(Lane), most: int | None = None
    ) -> Command[Taken]:
        """Write step W1: the worker's share of what waits in these lanes, `most` at most.

        The slots of a lane are open to better lanes, too, so the largest count is that of all free slots.
        """
        args = {
            "worker": worker.name,
            "ttl": CLAIM_TTL,
            "room": self._room(room),
            "lanes": [self.queues[lane] for lane in lanes],
            "most": max(room.free.values(), default=0) if most is None else most,
            "refusal": rq_job.refusal(),
            "refusal_ttl": self._failed_ttl,
        }
        return self._command("claim", args, self._taken)

    def drop(self, claimed: Claimed) -> Command[int]:
        """Forget a claimed id that no journal knows."""
        args = {"id": claimed.task_id, "lane": self.queues[claimed.lane], "ttl": self._result_ttl}
        return self._command("drop", args, int)

    def register(self, worker: Worker, held: Held, now: float, document: dict[str, Any]) -> Command[bool]:
        """Write step W2. False: the task has ended or is another worker's; let it go."""
        task = held.task
        data, job = self._job(task)
        args = {
            "id": task.id,
            "run": task.run,
            "lane": self.queues[task.lane],
            "worker": worker.name,
            "worker_key": worker.key,
            "execution": held.execution,
            "now": now,
            "iso": _iso(now),
            "ttl": CLAIM_TTL,
            "document": documents.dump(document),
            "event": documents.event(task, Status.PROCESSING),
            "short": task.short_id,
            "file": task.file,
            "job": job,
        }
        return self._command("register", args, lambda a: a == 1, data)

    def report(self, worker: Worker, task: Task, document: dict[str, Any]) -> Command[bool]:
        """Progress. False: the claim is gone; stop working on the task."""
        args = {
            "id": task.id,
            "worker": worker.name,
            "document": documents.dump(document),
            "event": documents.event(task, Status.PROCESSING, document["progress"]),
        }
        return self._command("report", args, lambda a: a == 1)

    def beat(
        self,
        worker: Worker,
        held: Sequence[Held],
        now: float,
        worker_ttl: int,
        facts: dict[str, Any],
        room: Room | None = None,
        *,
        is_idle: bool = False,
    ) -> Command[Beat]:
        """Keep the worker (for `worker_ttl` seconds) and all it holds of this kind alive.

        `room`: what other workers leave a share for; None while it takes on nothing. `is_idle`: it holds
        nothing of any kind.
        """
        args = {
            "is_idle": is_idle,
            "worker": worker.name,
            "worker_key": worker.key,
            "worker_ttl": worker_ttl,
            "facts": json.dumps(facts),
            "now": now,
            "iso": _iso(now),
            "ttl": CLAIM_TTL,
            "held": [[h.task.id, self.queues[h.task.lane], h.execution] for h in held],
            "room": self._room(room) if room else "",
            "room_ttl": _ROOM_TTL,
        }
        return self._command(
            "beat", args, lambda a: Beat(a[0], bool(int(a[1])), bool(int(a[2])), tuple(a[3:]))
        )

    def finish(self, end: Ended, now: float, worker: Worker | None = None) -> Command[str]:
        """Write step E2. Answers "ended" (announced for the first time), "restored" (Redis did not know the
        task), "known" (announced before) or "superseded" (by a retry)."""
        task, outcome = end.task, end.outcome
        in_history = outcome.status is not Status.CANCELLED
        sample = Sample.of(end)
        args = {
            "id": task.id,
            "run": task.run,
            "lane": self.queues[task.lane],
            "status": outcome.status,
            "document": documents.dump(documents.ended(task, outcome)),
            "ttl": self.ttl_of(outcome.status),
            "history": documents.dump(history.record_of(end)) if in_history else "",
            "history_size": self._history_size,
            "event": documents.event(task, outcome.status, 100),
            "now": now,
            "iso": _iso(outcome.ended_at),
            "worker_key": worker.key if worker else "",
            "working_seconds": round(outcome.timings.total - outcome.timings.queued, 3),
            "result": rq_job.result_of(outcome, worker.name if worker else ""),
            "sample": sample.dump() if sample else "",
            "samples": _SAMPLES,
            "counters": counters_of(outcome),
            "webhook": webhook_job.of(end) or False,
        }
        return self._command("finish", args, str)

    def restore(self, end: Ended, now: float) -> Command[bool]:
        """The end of a task, back into a Redis that lost it; a failed one is listed as such again.

        Only while `seconds_left` is positive.
        """
        data, job = self._job(end.task)
        args = {
            "id": end.task.id,
            "lane": self.queues[end.task.lane],
            "document": documents.dump(documents.ended(end.task, end.outcome)),
            "ttl": self.seconds_left(end.outcome, now),
            "failed": end.outcome.status is Status.FAILED,
            "short": end.task.short_id,
            "file": end.task.file,
            "now": now,
            "job": job,
            "webhook": webhook_job.of(end) or False,
        }
        return self._command("restore", args, lambda a: a == 1, data)

    def remember(self, records: Sequence[dict[str, Any]]) -> Command[int]:
        """Bring these back into a history that lost them, newest first, after what is there by now."""
        args = {"items": list(map(documents.dump, records)), "history_size": self._history_size}
        return self._command("remember", args, int)

    def seconds_left(self, outcome: Outcome, now: float) -> int:
        """For how long the record of an ended task is still kept; negative once it should have gone."""
        return int(outcome.ended_at + self.ttl_of(outcome.status) - now)

    def release(self, worker: Worker, tasks: Sequence[Task]) -> Command[int]:
        args = {"worker": worker.name, "held": [[task.id, self.queues[task.lane]] for task in tasks]}
        return self._command("release", args, int)

    def reap(self, now: float) -> Command[list[str]]:
        """Bring back what dead workers held."""
        return self._command("reap", {"now": now, "ttl": CLAIM_TTL}, list)

    def missing(self, task_ids: Sequence[str]) -> Command[list[str]]:
        """Which of these accepted tasks need a look: ended, unknown, or in no list. Changes nothing."""
        return self._command("missing", {"ids": list(task_ids)}, list)

    def unended(self, runs: Sequence[tuple[str, int]]) -> Command[list[str]]:
        """Which tasks of these ended runs Redis does not know, or as they were before. Changes nothing."""
        return self._command("unended", {"runs": list(map(list, runs))}, list)

    def forget(self, task_id: str) -> Command[bool]:
        """Remove every trace of a task that has ended or was withdrawn. False: it had no document."""
        return self._command("forget", {"id": task_id, "short": short_id(task_id)}, lambda a: a == 1)

    def _taken(self, answer: Any) -> Taken:
        refused, *flat = answer
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return Taken(
            tuple(Claimed(task_id, self._lane_of[queue], self.kind) for task_id, queue in pairs), refused
        )

    def key_left(self, task: Task, now: float) -> tuple[str, int] | None:
        """The Redis key of a task's Idempotency-Key and the seconds that it still counts; None without."""
        seconds = int(task.created_at + _IDEMPOTENCY_TTL - now)
        if task.idempotency is None or seconds <= 0:
            return None
        return f"{self.kind}:idempotency:{task.idempotency}", seconds

    def _room(self, room: Room) -> dict[str, Any]:
        """By queue, as scripts know lanes."""
        return {
            "held": {self.queues[lane]: count for lane, count in room.held.items()},
            "free": {self.queues[lane]: count for lane, count in room.free.items()},
            "models": list(room.models),
            "broken": list(room.broken),
        }

    def _job(self, task: Task) -> rq_job.Fields:
        return rq_job.fields_of(task, self.queues[task.lane], self._task_timeout)

    def _command(
        self, name: str, args: dict[str, Any], parse: Callable[[Any], T], data: bytes = b""
    ) -> Command[T]:
        return Command(name, self._context, args, parse, data)


def idempotency_of(owner: str, key: str) -> str:
    """A client's Idempotency-Key as it is stored: per owner, of bounded length."""
    return hashlib.sha256(json.dumps([owner, key]).encode()).hexdigest()


def _enqueued(answer: Any) -> Enqueued:
    match answer:
        case ["queued" | "known" as word, position, ahead]:
            return Enqueued(word, _place(position, ahead))
        case ["same", other]:
            return Enqueued("same", same_id=other)
        case ["full" | "quota" as word, waiting]:
            return Enqueued(word, waiting_seconds=float(waiting))
        case _:
            raise ValueError(f"enqueue answered {answer!r}")


def _place(position: Any, ahead: Any) -> Place | None:
    return Place(int(position), float(ahead)) if int(position) else None


def _view(answer: Any) -> View:
    document, position, ahead = answer
    return View(documents.load(document), _place(position, ahead))


def _iso(timestamp: float) -> str:
    return utcformat(datetime.fromtimestamp(timestamp, UTC))
