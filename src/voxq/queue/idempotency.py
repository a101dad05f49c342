"""Idempotency-Keys: for a day, the same key of the same owner means the same task."""

from __future__ import annotations

import hashlib
import json

from voxq.core.task import Task
from voxq.queue.keys import KindPrefix

IDEMPOTENCY_TTL = 24 * 3600
"""Seconds for which a key counts, from the creation of its task."""


def idempotency_of(owner: str, key: str) -> str:
    """A client's Idempotency-Key as it is stored: per owner, of bounded length."""
    return hashlib.sha256(json.dumps([owner, key]).encode()).hexdigest()


def key_left(task: Task, now: float) -> tuple[str, int] | None:
    """Where Redis keeps a task's key, and the seconds that it still counts; None: without, or no more."""
    seconds = int(task.created_at + IDEMPOTENCY_TTL - now)
    if task.idempotency is None or seconds <= 0:
        return None
    return KindPrefix.IDEMPOTENCY.of(task.kind, task.idempotency), seconds
