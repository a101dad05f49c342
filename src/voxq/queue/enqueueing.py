"""Commands of the API and of recovery: enqueue, look up, count and forget tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from voxq.core.task import Lane, Task, day_of, short_id
from voxq.queue import documents
from voxq.queue.idempotency import IDEMPOTENCY_TTL
from voxq.queue.script import Command
from voxq.queue.store import Store


@dataclass(frozen=True, slots=True)
class EntryCheck:
    """State of the queue and of the owner, read before the body of an upload is accepted."""

    opened_at: float
    """Seconds since the epoch; `number` is unique on that day."""
    number: int
    waiting_seconds: float
    owner_seconds: float
    """The part of `waiting_seconds` that belongs to the owner of this request."""
    known_id: str | None
    """Id of the task that was submitted with the same Idempotency-Key, if any."""
    early_seconds: float
    """Seconds until another request is within the rate limit; 0 if this one is."""
    epoch: str
    """Id of the storage that Redis works for; empty if Redis is new or has lost its data."""


@dataclass(frozen=True, slots=True)
class Place:
    """Position of a waiting task (1 is next) and the audio seconds ahead of it, better lanes included."""

    position: int
    ahead: float


@dataclass(frozen=True, slots=True)
class Enqueued:
    """Result of write step S3.

    `place` is set while the task waits. `same_id` is the task that already has this Idempotency-Key.
    `waiting_seconds` is the audio that exceeds a limit: of all tasks ("full") or of the owner's ("quota").
    """

    answer: Literal["queued", "known", "same", "full", "quota"]
    place: Place | None = None
    same_id: str | None = None
    waiting_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class View:
    """Document of a task (None if unknown) and, while it waits, its place."""

    document: dict[str, Any] | None
    place: Place | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of tasks by state, and the audio seconds that wait."""

    queued: int
    processing: int
    failed: int
    queued_seconds: float
    by_lane: dict[Lane, int]


def entry(store: Store, now: float, idempotency: str | None, owner: str) -> Command[EntryCheck]:
    """Count a request against the owner's rate limit and reserve a task number for it."""
    args = {
        "day": day_of(now),
        "idempotency": idempotency or "",
        "owner": owner,
        "per_minute": store.allowance_of(owner).requests_per_minute,
    }

    def parse(a: Any) -> EntryCheck:
        return EntryCheck(now, int(a[0]), float(a[1]), float(a[2]), a[3] or None, float(a[4]), a[5])

    return Command("entry", store.context, args, parse)


def enqueue(store: Store, task: Task, *, limited: bool = True) -> Command[Enqueued]:
    """Write step S3: put a task into its lane.

    Recovery passes `limited=False`, because accepted tasks are never refused.
    """
    data, job = store.job_of(task)
    args = {
        "id": task.id,
        "run": task.run,
        "lane": store.queues[task.lane],
        "seconds": task.queue_seconds,
        "owner": task.owner,
        "document": documents.dump(documents.queued(task)),
        "short": task.short_id,
        "file": task.file,
        "idempotency": (task.idempotency or "") if task.run == 1 else "",
        "idempotency_ttl": IDEMPOTENCY_TTL,
        "limit": store.max_queue_seconds if limited else 0,
        "quota": store.allowance_of(task.owner).queue_seconds if limited else 0,
        "job": job,
    }
    return Command("enqueue", store.context, args, _enqueued, data)


def view(store: Store, task_id: str) -> Command[View]:
    return Command("view", store.context, {"id": task_id}, _view)


def counts(store: Store, now: float) -> Command[Counts]:
    def parse(a: Any) -> Counts:
        by_lane = dict(zip(Lane, map(int, a[4:]), strict=True))
        return Counts(int(a[0]), int(a[1]), int(a[2]), float(a[3]), by_lane)

    return Command("counts", store.context, {"now": now}, parse)


def missing(store: Store, task_ids: Sequence[str]) -> Command[list[str]]:
    """Find accepted tasks that need attention: ended, unknown to Redis, or in no list. Changes nothing."""
    return Command("missing", store.context, {"ids": list(task_ids)}, list)


def forget(store: Store, task_id: str) -> Command[bool]:
    """Remove every trace of a task that has ended or was withdrawn. Returns False if it had no document."""
    args = {"id": task_id, "short": short_id(task_id)}
    return Command("forget", store.context, args, lambda a: a == 1)


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
