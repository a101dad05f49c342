"""Webhook deliveries as RQ jobs: id, fields and retries of the job that reports the end of a task."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from redis import Redis
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import utcformat

from voxq.back_off import BackOff
from voxq.storage.journal.port import Ended

QUEUE = "voxq-webhooks"
RETRIES = BackOff((5, 15, 60, 240, 600, 1200, 1480))
"""Pauses between attempts, in seconds: eight attempts within an hour."""

_FUNCTION = "voxq.webhooks.stock.run"
_TIMEOUT = 60
_NO_CONNECTION = Redis()  # Job requires one; nothing is ever sent over it


def of(end: Ended) -> dict[str, Any] | None:
    """Id, queue and fields (a flat list) of the job for the scripts; None if the task has no webhook.

    The job contains no text: the payload is read from the journal at delivery.
    """
    task = end.task
    if task.callback is None:
        return None
    now = utcformat(datetime.now(UTC))
    about = {
        "webhook": task.callback,
        "kind": task.kind,
        "task_id": task.id,
        "run": task.run,
        "status": end.outcome.status,
    }
    fields = _same_for_all() | {
        # Uncompressed, which RQ accepts: scripts get their arguments as JSON, which cannot carry bytes.
        "data": json.dumps([_FUNCTION, None, [], about]),
        "meta": json.dumps(about),
        "created_at": now,
        "enqueued_at": now,
        "description": f"notify {task.callback}: {task.kind} {task.id} {end.outcome.status}",
    }
    return {
        "id": f"{task.callback}_{task.id}_{task.run}",  # scripts take the webhook's name from it
        "queue": QUEUE,
        "fields": [each for pair in fields.items() for each in pair],
    }


@cache
def _same_for_all() -> dict[str, str]:
    job = Job.create(
        _FUNCTION, connection=_NO_CONNECTION, serializer=JSONSerializer, origin=QUEUE, timeout=_TIMEOUT
    )
    job.retries_left = len(RETRIES.pauses)
    job.retry_intervals = [int(pause) for pause in RETRIES.pauses]  # RQ wants integers
    fields = {name: str(value) for name, value in job.to_dict().items() if value is not None}
    return fields | {"status": JobStatus.QUEUED.value}
