"""Tasks in the hands of workers: claimed, registered, kept alive, told about, handed or brought back."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voxq.core.task import Lane, Status, Task
from voxq.queue import documents, rq_job
from voxq.queue.idempotency import key_left
from voxq.queue.script import Command
from voxq.queue.store import Store

CLAIM_TTL = 15
"""Seconds without a heartbeat after which a worker's tasks go back to their lanes."""
_CAPACITY_TTL = 3
"""Seconds without a heartbeat after which a worker gets no share of what waits."""


@dataclass(frozen=True, slots=True)
class Worker:
    """How a worker is known to Redis."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """An id out of a lane; the task itself is read from the journal."""

    task_id: str
    lane: Lane
    kind: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What a worker got out of the lanes, how many jobs in its way were not tasks of ours, and how many still
    wait there: for a slot, or for another worker."""

    claimed: tuple[Claimed, ...] = ()
    refused: int = 0
    left: int = 0
    waits_beside: bool = False
    """Nothing was taken, because of what waits in a lane beside these."""


@dataclass(frozen=True, slots=True)
class TaskExecution:
    """A task a worker holds, with the id of its RQ execution."""

    task: Task
    execution: str


@dataclass(frozen=True, slots=True)
class Capacity:
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


def claim(
    store: Store,
    worker: Worker,
    capacity: Capacity,
    lanes: Sequence[Lane] = tuple(Lane),
    most: int | None = None,
    *,
    beside: Sequence[str] = (),
) -> Command[Taken]:
    """Write step W1: the worker's share of what waits in these lanes, `most` at most; nothing as long as
    anything waits in one of the queues `beside`.

    The slots of a lane are open to better lanes, too, so the largest count is that of all free slots.
    """
    args = {
        "worker": worker.name,
        "ttl": CLAIM_TTL,
        "room": _by_queue(store, capacity),
        "lanes": [store.queues[lane] for lane in lanes],
        "beside": beside,
        "most": max(capacity.free.values(), default=0) if most is None else most,
        "refusal": rq_job.refusal(),
        "refusal_ttl": store.failed_ttl,
    }

    def parse(answer: Any) -> Taken:
        if not answer:
            return Taken(waits_beside=True)
        refused, left, *flat = answer
        pairs = zip(flat[::2], flat[1::2], strict=True)
        claimed = tuple(Claimed(task_id, store.lanes[queue], store.kind) for task_id, queue in pairs)
        return Taken(claimed, refused, left)

    return Command("claim", store.context, args, parse)


def drop(store: Store, claimed: Claimed) -> Command[int]:
    """Forget a claimed id that no journal knows."""
    args = {"id": claimed.task_id, "lane": store.queues[claimed.lane], "ttl": store.result_ttl}
    return Command("drop", store.context, args, int)


def register(
    store: Store, worker: Worker, held: TaskExecution, now: float, document: dict[str, Any]
) -> Command[bool]:
    """Write step W2. False: the task has ended or is another worker's; let it go."""
    task = held.task
    data, job = store.job_of(task)
    args = {
        "id": task.id,
        "run": task.run,
        "lane": store.queues[task.lane],
        "worker": worker.name,
        "worker_key": worker.key,
        "execution": held.execution,
        "now": now,
        "iso": rq_job.iso(now),
        "ttl": CLAIM_TTL,
        "document": documents.dump(document),
        "event": documents.event(task, Status.PROCESSING),
        "short": task.short_id,
        "file": task.file,
        "key": key_left(task, now) or False,
        "job": job,
    }
    return Command("register", store.context, args, lambda a: a == 1, data)


def report(store: Store, worker: Worker, task: Task, document: dict[str, Any]) -> Command[bool]:
    """Progress. False: the claim is gone; stop working on the task."""
    args = {
        "id": task.id,
        "worker": worker.name,
        "document": documents.dump(document),
        "event": documents.event(task, Status.PROCESSING, document["progress"]),
    }
    return Command("report", store.context, args, lambda a: a == 1)


def beat(
    store: Store,
    worker: Worker,
    held: Sequence[TaskExecution],
    now: float,
    worker_ttl: int,
    facts: dict[str, Any],
    capacity: Capacity | None = None,
    *,
    is_idle: bool = False,
) -> Command[Beat]:
    """Keep the worker (for `worker_ttl` seconds) and all it holds of this kind alive.

    `capacity`: what other workers leave a share for; None while it takes on nothing. `is_idle`: it holds
    nothing of any kind.
    """
    args = {
        "is_idle": is_idle,
        "worker": worker.name,
        "worker_key": worker.key,
        "worker_ttl": worker_ttl,
        "facts": json.dumps(facts),
        "now": now,
        "iso": rq_job.iso(now),
        "ttl": CLAIM_TTL,
        "held": [[h.task.id, store.queues[h.task.lane], h.execution] for h in held],
        "room": _by_queue(store, capacity) if capacity else "",
        "room_ttl": _CAPACITY_TTL,
    }

    def parse(a: Any) -> Beat:
        return Beat(a[0], bool(int(a[1])), bool(int(a[2])), tuple(a[3:]))

    return Command("beat", store.context, args, parse)


def release(store: Store, worker: Worker, tasks: Sequence[Task]) -> Command[int]:
    """Hand tasks back to the front of their lanes; answers how many wait again."""
    args = {"worker": worker.name, "held": [[task.id, store.queues[task.lane]] for task in tasks]}
    return Command("release", store.context, args, int)


def reap(store: Store, now: float) -> Command[list[str]]:
    """Bring back what dead workers held."""
    return Command("expire", store.context, {"now": now, "ttl": CLAIM_TTL}, list)


def release_dead(store: Store, life: str) -> Command[list[str]]:
    """Bring back what the worker of this life (`voxq.processes.life`) held; it and its helpers must be
    dead."""
    return Command("release_dead", store.context, {"life": life}, list)


def _by_queue(store: Store, capacity: Capacity) -> dict[str, Any]:
    """As scripts know lanes."""
    return {
        "held": {store.queues[lane]: count for lane, count in capacity.held.items()},
        "free": {store.queues[lane]: count for lane, count in capacity.free.items()},
        "models": list(capacity.models),
        "broken": list(capacity.broken),
    }
