"""The same recording or text, asked for in the same way: it joins the task under way, or gets its result.

A task that clients wait for has a lease, kept alive by each of them. It goes on for LEASE_SECONDS after the
last of them is gone (RENEW_SECONDS more at most), so that a client which lost its connection can join it, and
is then cancelled. Where a lease is lost, with Redis or between two writes, the task runs to its end.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

from voxq.core.options import Options
from voxq.core.task import Status
from voxq.queue.script import Command
from voxq.queue.store import Store

LEASE_SECONDS = 30
RENEW_SECONDS = 10.0
"""Whoever waits renews the lease this often."""

_LEASE_SECONDS = LEASE_SECONDS + RENEW_SECONDS
"""Whoever goes need not say so: what is left by then is long enough."""
_LEAST_TTL = 24 * 3600
"""Seconds for which a task can be found by its fingerprint; its result goes when RESULT_TTL says so."""


@dataclass(frozen=True, slots=True)
class EarlierTask:
    """The task that a repeated request means: "joined" while it is under way, "hit" when it is done."""

    how: Literal["joined", "hit"]
    task_id: str


def fingerprint_of(owner: str, audio_sha256: str, model_fingerprint: str, options: Options) -> str:
    """Of a request: equal for the same owner only, and only if everything that makes the result is equal.

    `audio_sha256` is that of a recording; a text stands in its options. `model_fingerprint` identifies what
    is not the client's: the model's files, the operator's defaults.
    """
    everything = [owner, audio_sha256, model_fingerprint, options.conditions()]
    return hashlib.sha256(json.dumps(everything).encode()).hexdigest()


def look(store: Store, fingerprint: str, *, join: bool) -> Command[EarlierTask | None]:
    """The task that this request means; without `join`, only one that is done."""
    args = {"fingerprint": fingerprint, "join": join, "lease": _LEASE_SECONDS}
    return Command("earlier", store.context, args, lambda a: EarlierTask(*a) if a else None)


def adopt(store: Store, fingerprint: str, task_id: str, *, leased: bool) -> Command[Any]:
    """From now on this request means a new task; with `leased`, for clients who wait for it."""
    args = {
        "id": task_id,
        "fingerprint": fingerprint,
        "ttl": max(_LEAST_TTL, store.ttl_of(Status.DONE)),
        "lease": _LEASE_SECONDS if leased else 0,
    }
    return Command("adopt", store.context, args, int)


def renew(store: Store, task_id: str) -> Command[Any]:
    """Somebody still waits. Changes nothing for a task without a lease."""
    return Command("renew", store.context, {"id": task_id, "lease": _LEASE_SECONDS}, int)


def detach(store: Store, task_id: str) -> Command[Any]:
    """Take the lease from a task: it runs to its end, whoever waits."""
    return Command("detach", store.context, {"id": task_id}, int)


def abandoned(store: Store, most: int) -> Command[list[str]]:
    """The ids of at most so many tasks whose lease has ended."""
    return Command("abandoned", store.context, {"most": most}, list)
