"""Fingerprints of requests: a repeated request joins the open task of the first one, or gets its result.

A task that clients wait for has a lease, which each waiting client renews. After the last client has gone the
task runs on for LEASE_SECONDS (RENEW_SECONDS more at most), so that a client that lost its connection can
join it again, and is then cancelled. If the lease is lost, with Redis or between two writes, the task runs to
its end.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

from voxq.core.inputs import TEXT
from voxq.core.options import Affects, Options
from voxq.core.task import Status
from voxq.queue.script import Command
from voxq.queue.store import Store

LEASE_SECONDS = 30
RENEW_SECONDS = 10.0
"""Interval at which a waiting client's request renews the lease."""

_LEASE_SECONDS = LEASE_SECONDS + RENEW_SECONDS
"""Duration written to Redis. Clients need not announce that they leave: at least LEASE_SECONDS remain."""
_LEAST_TTL = 24 * 3600
"""Minimum seconds for which a task can be found by its fingerprint; RESULT_TTL limits its result."""


@dataclass(frozen=True, slots=True)
class EarlierTask:
    """Existing task for a repeated request: "joined" while it is open, "hit" once it is done."""

    how: Literal["joined", "hit"]
    task_id: str


def fingerprint_of(
    owner: str, sha256: str, model_fingerprint: str, options: Options, *, text: str | None = None
) -> str:
    """SHA-256 (hex) of a request: equal only for the same owner and if all that affects the result is equal.

    `sha256` is the hash of the recordings, empty for a `text`. `model_fingerprint` identifies what the client
    does not choose: the model's files and the operator's defaults. Hashed in the form of earlier versions,
    with a text among the options, so that a request repeated after an upgrade finds its task.
    """
    given = {} if text is None else {TEXT: text}
    everything = [owner, sha256, model_fingerprint, given | options.values(Affects.RESULT)]
    return hashlib.sha256(json.dumps(everything).encode()).hexdigest()


def look(store: Store, fingerprint: str, *, join: bool) -> Command[EarlierTask | None]:
    """Find the existing task for this request; without `join`, only a task that is done."""
    args = {"fingerprint": fingerprint, "join": join, "lease": _LEASE_SECONDS}
    return Command("earlier", store.context, args, lambda a: EarlierTask(*a) if a else None)


def adopt(store: Store, fingerprint: str, task_id: str, *, leased: bool) -> Command[Any]:
    """Make a new task the one for this request. `leased`: clients wait for it, and others may join it."""
    args = {
        "id": task_id,
        "fingerprint": fingerprint,
        "ttl": max(_LEAST_TTL, store.ttl_of(Status.DONE)),
        "lease": _LEASE_SECONDS if leased else 0,
    }
    return Command("adopt", store.context, args, int)


def renew(store: Store, task_id: str) -> Command[Any]:
    """Extend the lease of a task for a client that still waits. Does nothing if the task has no lease."""
    return Command("renew", store.context, {"id": task_id, "lease": _LEASE_SECONDS}, int)


def detach(store: Store, task_id: str) -> Command[Any]:
    """Remove the lease of a task, so that it runs to its end whether or not clients wait."""
    return Command("detach", store.context, {"id": task_id}, int)


def abandoned(store: Store, most: int) -> Command[list[str]]:
    """Find the ids of at most `most` tasks whose lease has expired."""
    return Command("abandoned", store.context, {"most": most}, list)
