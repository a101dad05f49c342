"""Commands for tasks in work: claim, register, report progress, heartbeat, release and expire."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from voxq.core.task import Lane, Status, Task, utc
from voxq.queue import documents, rq_job
from voxq.queue.idempotency import key_left
from voxq.queue.script import Command
from voxq.queue.store import Store

CLAIM_TTL = 15
"""Seconds without a heartbeat after which a worker's tasks return to their lanes."""
_EXECUTION_LENGTH = 28
"""Characters that the executions of one claim have in common; four more count them, as many as RQ's have."""
_CAPACITY_TTL = 3
"""Seconds without a heartbeat after which other workers leave no share of the waiting tasks to a worker."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker's name and the key of its RQ registration in Redis."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task id taken from a lane; the task itself is read from the journal."""

    task_id: str
    lane: Lane
    kind: str
    execution: str
    """Id for its RQ execution."""
    run: int
    """Number of the run that is registered as work in progress; 0 if none is."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Result of a claim: the claimed ids, the number of foreign jobs that were refused, and the number of
    tasks still waiting in those lanes, for a free slot or for another worker."""

    claimed: tuple[Claimed, ...] = ()
    refused: int = 0
    left: int = 0
    waits_beside: bool = False
    """Whether nothing was taken because something waits in one of the queues `beside`."""


@dataclass(frozen=True, slots=True)
class TaskExecution:
    """A task that a worker is processing, with the id of its RQ execution."""

    task: Task
    execution: str


@dataclass(frozen=True, slots=True)
class Capacity:
    """Numbers of tasks per lane that a worker is processing (`held`) and could still accept (`free`), and the
    models it can and cannot run."""

    held: Mapping[Lane, int]
    free: Mapping[Lane, int]
    models: Collection[str] = ()
    """Models that the worker has. A task for any other model is left to a worker that has it, if one does."""
    broken: Collection[str] = ()
    """Models that fail to load at the moment; "" is the default model. Tasks for them stay in their lanes."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Reply to a heartbeat.

    `epoch` is the id of the storage that Redis works for, empty if Redis lost its data. `registered` says
    whether RQ still lists the worker, `suspended` whether RQ's workers are suspended, and `lost` lists the
    ids of tasks whose claim the worker no longer has.
    """

    epoch: str
    registered: bool
    suspended: bool
    lost: tuple[str, ...]


def claim(
    store: Store,
    worker: Worker,
    capacity: Capacity,
    now: float,
    lanes: Sequence[Lane] = tuple(Lane),
    most: int | None = None,
    *,
    beside: Sequence[str] = (),
) -> Command[Taken]:
    """Write steps W1 and W2: claim the worker's share of the tasks waiting in `lanes`, at most `most`, and
    register them as work in progress. `now` in seconds since the epoch.

    Claims nothing while anything waits in one of the queues `beside`. `most` defaults to the number of free
    slots, which is the largest count in `capacity.free`: better lanes may also use the slots of worse ones.
    """
    args = {
        "worker": worker.name,
        "worker_key": worker.key,
        "ttl": CLAIM_TTL,
        "room": _by_queue(store, capacity),
        "execution": uuid4().hex[:_EXECUTION_LENGTH],
        "now": now,
        "iso": rq_job.iso(now),
        "started_at": utc(now),
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
        claimed = tuple(
            Claimed(task_id, store.lanes[queue], store.kind, execution, run)
            for task_id, queue, execution, run in zip(*(flat[each::4] for each in range(4)), strict=True)
        )
        return Taken(claimed, refused, left)

    return Command("claim", store.context, args, parse)


def drop(store: Store, claimed: Claimed) -> Command[int]:
    """Remove a claimed id for which the journal has no task."""
    args = {"id": claimed.task_id, "lane": store.queues[claimed.lane], "ttl": store.result_ttl}
    return Command("drop", store.context, args, int)


def register(
    store: Store, worker: Worker, task_execution: TaskExecution, now: float, document: dict[str, Any]
) -> Command[bool]:
    """Write step W2: register a task as work in progress, if `claim` could not, or Redis has lost it.

    Returns False if the task has ended or belongs to another worker; the caller must then give it up.
    """
    task = task_execution.task
    data, job = store.job_of(task)
    args = {
        "id": task.id,
        "run": task.run,
        "lane": store.queues[task.lane],
        "worker": worker.name,
        "worker_key": worker.key,
        "execution": task_execution.execution,
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
    """Publish progress. Returns False if the claim is gone; the caller must then stop working on the task."""
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
    executions: Sequence[TaskExecution],
    now: float,
    worker_ttl: int,
    facts: dict[str, Any],
    capacity: Capacity | None = None,
    *,
    is_idle: bool = False,
) -> Command[Beat]:
    """Renew the worker's registration (for `worker_ttl` seconds) and its claims on tasks of this kind.

    `capacity` lets other workers leave a share of the waiting tasks to this one; None while it accepts no
    tasks. `is_idle` says that it is processing no task of any kind.
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
        "held": [[each.task.id, store.queues[each.task.lane], each.execution] for each in executions],
        "room": _by_queue(store, capacity) if capacity else "",
        "room_ttl": _CAPACITY_TTL,
    }

    def parse(a: Any) -> Beat:
        return Beat(a[0], bool(int(a[1])), bool(int(a[2])), tuple(a[3:]))

    return Command("beat", store.context, args, parse)


def release(store: Store, worker: Worker, tasks: Sequence[Task]) -> Command[int]:
    """Return tasks to the front of their lanes; the result is how many wait again."""
    args = {"worker": worker.name, "held": [[task.id, store.queues[task.lane]] for task in tasks]}
    return Command("release", store.context, args, int)


def expire(store: Store, now: float) -> Command[list[str]]:
    """Requeue the tasks of workers whose claims have expired; the result is their ids."""
    return Command("expire", store.context, {"now": now, "ttl": CLAIM_TTL}, list)


def release_dead(store: Store, life: str) -> Command[list[str]]:
    """Requeue the tasks of the worker with this life (`voxq.processes.life`); the result is their ids.

    The worker and all its child processes must be dead.
    """
    return Command("release_dead", store.context, {"life": life}, list)


def _by_queue(store: Store, capacity: Capacity) -> dict[str, Any]:
    """Convert a capacity to JSON, with the names of queues in place of lanes."""
    return {
        "held": {store.queues[lane]: count for lane, count in capacity.held.items()},
        "free": {store.queues[lane]: count for lane, count in capacity.free.items()},
        "models": list(capacity.models),
        "broken": list(capacity.broken),
    }
