"""Tasks as RQ jobs: a job's fields, its results, and the function that a stock `rq worker` would run."""

from __future__ import annotations

import base64
import json
import time
import zlib
from datetime import UTC, datetime
from functools import cache

from redis import Redis
from rq.job import Job, JobStatus
from rq.results import Result
from rq.serializers import JSONSerializer
from rq.utils import utcformat

from voxq.core.outcome import Outcome
from voxq.core.task import Status, Task

FUNCTION = "voxq.queue.rq_job.run"

# VoxQ alone decides that a task has ended, so RQ's clean-up must always requeue a job.
_UNLIMITED = 1_000_000_000
_NO_CONNECTION = Redis()  # Job requires one; nothing is ever sent over it

Fields = tuple[bytes, list[str]]
"""RQ's compressed `data`, and the other fields of the job's hash as a flat list of names and values."""


def fields_of(task: Task, queue: str, timeout: int) -> Fields:
    """Fields of a queued job; `timeout` in seconds."""
    now = utcformat(datetime.now(UTC))
    fields = _same_for_all(queue, timeout) | {
        "created_at": now,
        "enqueued_at": now,
        "description": f"{task.kind} {task.file} {task.seconds:.1f}s {task.lane}",
    }
    data = zlib.compress(JSONSerializer.dumps([FUNCTION, None, [task.id], {}]))
    return data, [each for pair in fields.items() for each in pair]


@cache
def _same_for_all(queue: str, timeout: int) -> dict[str, str]:
    """Fields that RQ would write and that are the same for all jobs of a queue.

    Cached because every submission needs them.
    """
    job = Job.create(
        FUNCTION, connection=_NO_CONNECTION, serializer=JSONSerializer, origin=queue, timeout=timeout
    )
    job.retries_left = _UNLIMITED
    fields = {name: str(value) for name, value in job.to_dict().items() if value is not None}
    del fields["data"]
    return fields | {"status": JobStatus.QUEUED.value}


def iso(timestamp: float) -> str:
    """Format a time, in seconds since the epoch, as RQ does."""
    return utcformat(datetime.fromtimestamp(timestamp, UTC))


def result_of(outcome: Outcome, worker: str) -> list[str]:
    """RQ's Result of an ended job as a flat list of names and values; it contains no text of the task."""
    if outcome.status is Status.FAILED:
        return failure(f"{outcome.code}: {outcome.error}", worker)
    value = {"status": outcome.status, "duration": outcome.duration, "characters": len(outcome.text)}
    return [
        "type",
        str(Result.Type.SUCCESSFUL.value),
        "worker_name",
        worker,
        "return_value",
        base64.b64encode(json.dumps(value).encode()).decode(),
    ]


def failure(message: str, worker: str) -> list[str]:
    """RQ's Result of a failed job, as a flat list of names and values."""
    return [
        "type",
        str(Result.Type.FAILED.value),
        "worker_name",
        worker,
        "exc_string",
        base64.b64encode(zlib.compress(message.encode())).decode(),
    ]


@cache
def refusal() -> list[str]:
    """RQ's Result of a foreign job in one of VoxQ's queues."""
    return failure("VoxQ runs only its own tasks: submit them to its API, and queue other jobs elsewhere", "")


def run(task_id: str) -> None:
    """Job function that only a stock `rq worker` runs.

    Raises, so that RQ retries and a VoxQ worker takes it.
    """
    time.sleep(1)
    raise RuntimeError(f"{task_id} needs a VoxQ worker: start one with `voxq worker`")
