"""Queue of webhook deliveries: claim, settle and retry the jobs of `webhook_job`."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from voxq import kinds
from voxq.core.task import Status
from voxq.queue import rq_job
from voxq.queue.script import Command
from voxq.queue.webhook_job import QUEUE, RETRIES

_CONTEXT = json.dumps({"kind": "webhook", "lanes": [QUEUE]})
_LEASE = 12
"""Seconds for one attempt, more than twice the time limit of its POST. After that its worker counts as dead
and another one tries; if it was only slow, the webhook is delivered twice."""
_LOOKED_AT = 1000
"""Number of jobs, from the front, that are searched for webhooks that are not busy."""
_KEPT = {"delivered": 3600, "failed": 7 * 86400}
"""Seconds for which RQ's views show a settled delivery, by its result."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to tell a webhook about the end of a (task, run)."""

    job_id: str
    execution: str
    webhook: str
    kind: str
    task_id: str
    run: int
    status: Status
    tries_left: int
    """Attempts left after this one."""

    @property
    def id(self) -> str:
        """Id that is the same for every attempt, so that receivers can detect repeats."""
        return f"{self.task_id}.{self.run}"


def claim(worker: str, capacity: Mapping[str, int], most: int) -> Command[list[Delivery]]:
    """Claim up to `most` deliveries that are due. `capacity`: how many more of each webhook may run now."""
    args = {
        "queue": QUEUE,
        "worker": worker,
        "room": dict(capacity),
        "most": most,
        "execution": uuid4().hex,
        "lease": _LEASE,
        "looked_at": _LOOKED_AT,
        "refusal": rq_job.refusal(),
        "refusal_ttl": _KEPT["failed"],
    }
    return Command("webhook_claim", _CONTEXT, args, _deliveries)


def delivered(delivery: Delivery) -> Command[bool]:
    """Mark a delivery as done. Returns False if its lease was lost, so the webhook may be called twice."""
    return _settle(delivery, "delivered")


def again(delivery: Delivery, seconds: float) -> Command[bool]:
    """Schedule another attempt after `seconds`. Returns False if the lease was lost."""
    return _settle(delivery, "again", seconds=seconds)


def give_up(delivery: Delivery, reason: str) -> Command[bool]:
    return _settle(delivery, "failed", result=rq_job.failure(reason, ""))


def _settle(delivery: Delivery, how: Literal["delivered", "again", "failed"], **more: Any) -> Command[bool]:
    args = {
        "queue": QUEUE,
        "id": delivery.job_id,
        "execution": delivery.execution,
        "how": how,
        "ttl": _KEPT.get(how, 0),
        "result": [],
        **more,
    }
    return Command("webhook_settle", _CONTEXT, args, lambda a: a == 1)


def _deliveries(answer: Any) -> list[Delivery]:
    """Parse claimed deliveries, skipping unreadable ones so that they do not block the others."""
    deliveries = []
    for start in range(0, len(answer), 4):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            deliveries.append(_delivery(*answer[start : start + 4]))
    return deliveries


def _delivery(job_id: str, execution: str, meta: str, retries_left: str) -> Delivery:
    about = json.loads(meta)
    return Delivery(
        job_id=job_id,
        execution=execution,
        webhook=about["webhook"],
        kind=kinds.find(about["kind"]).name,
        task_id=about["task_id"],
        run=about["run"],
        status=Status(about["status"]),
        tries_left=max(0, min(len(RETRIES.pauses), int(retries_left or 0))),
    )
