"""Idempotency-Keys: for one day, the same key of the same owner refers to the same task."""

from __future__ import annotations

import hashlib
import json

from voxq.core.task import Task
from voxq.queue.keys import KindPrefix

IDEMPOTENCY_TTL = 24 * 3600
"""Lifetime of a key in seconds, from the creation of its task."""


def idempotency_of(owner: str, key: str) -> str:
    """Stored form of a client's Idempotency-Key: unique per owner, of bounded length."""
    return hashlib.sha256(json.dumps([owner, key]).encode()).hexdigest()


def key_left(task: Task, now: float) -> tuple[str, int] | None:
    """Redis key of a task's Idempotency-Key and its remaining seconds; None if it has none or it expired."""
    seconds = int(task.created_at + IDEMPOTENCY_TTL - now)
    if task.idempotency is None or seconds <= 0:
        return None
    return KindPrefix.IDEMPOTENCY.of(task.kind, task.idempotency), seconds
