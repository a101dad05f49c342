"""Who is to be told of which end, and when: the jobs of `webhook_job` in Redis, moved by scripts."""

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
"""Seconds for one try, more than twice what its POST may take. Who is not back by then has died, and another
one tries; if it was only slow, the same is told twice."""
_LOOKED_AT = 1000
"""Jobs from the front, in search of one whose webhook is not busy."""
_KEPT = {"delivered": 3600, "failed": 7 * 86400}
"""Seconds for which RQ's views show how it went."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try at telling a webhook of the end of a (task, run)."""

    job_id: str
    execution: str
    webhook: str
    kind: str
    task_id: str
    run: int
    status: Status
    tries_left: int
    """After this one."""

    @property
    def id(self) -> str:
        """The same at every try: receivers know by it what they have had."""
        return f"{self.task_id}.{self.run}"


def claim(worker: str, capacity: Mapping[str, int], most: int) -> Command[list[Delivery]]:
    """Up to `most` deliveries that are due; `capacity`: how many more of each webhook are wanted."""
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
    """False: the lease was lost, so it may be told twice."""
    return _settle(delivery, "delivered")


def again(delivery: Delivery, seconds: float) -> Command[bool]:
    """Another try, in so many seconds."""
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
    """Without those that nobody can understand: they must not keep the others from being told."""
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
