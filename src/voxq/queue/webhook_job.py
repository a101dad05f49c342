"""The telling of an end to a webhook, as an RQ job of its own: its id, its hash, its tries."""

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
"""Between the tries: eight of them in an hour."""

_FUNCTION = "voxq.webhooks.stock.run"
_TIMEOUT = 60
_NO_CONNECTION = Redis()  # a Job wants one; nothing is ever sent over it


def of(end: Ended) -> dict[str, Any] | None:
    """Id, queue and fields (a flat list) of the job, as scripts want them; None for who asked for none.

    The job carries no text: what a webhook is told is read from the journal when it is told.
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
        # Not compressed, which RQ reads as well: scripts get their arguments as JSON.
        "data": json.dumps([_FUNCTION, None, [], about]),
        "meta": json.dumps(about),
        "created_at": now,
        "enqueued_at": now,
        "description": f"tell {task.callback} of {task.kind} {task.id} {end.outcome.status}",
    }
    return {
        "id": f"{task.callback}_{task.id}_{task.run}",  # scripts read the webhook's name off it
        "queue": QUEUE,
        "fields": [each for pair in fields.items() for each in pair],
    }


@cache
def _same_for_all() -> dict[str, str]:
    job = Job.create(
        _FUNCTION, connection=_NO_CONNECTION, serializer=JSONSerializer, origin=QUEUE, timeout=_TIMEOUT
    )
    job.retries_left = len(RETRIES.pauses)
    job.retry_intervals = [int(pause) for pause in RETRIES.pauses]  # as RQ has it
    fields = {name: str(value) for name, value in job.to_dict().items() if value is not None}
    return fields | {"status": JobStatus.QUEUED.value}
