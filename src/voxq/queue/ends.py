"""The end of a task in Redis: commands that publish it (write step E2 of `voxq.tasks.ending`), and that
restore ends which Redis has lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from voxq.core.task import Status
from voxq.queue import documents, rq_job, webhook_job
from voxq.queue.claiming import Worker
from voxq.queue.idempotency import key_left
from voxq.queue.script import Command
from voxq.queue.statistics import Sample, counters_of
from voxq.queue.store import Store
from voxq.storage import history_log
from voxq.storage.journal.port import Ended

_SAMPLES = 5000


def finish(store: Store, end: Ended, now: float, worker: Worker | None = None) -> Command[str]:
    """Write step E2: publish the end of a task.

    The result is "ended" (published for the first time), "restored" (Redis did not know the task), "known"
    (published before) or "superseded" (by a retry).
    """
    task, outcome = end.task, end.outcome
    in_history = outcome.status is not Status.CANCELLED
    is_counted = task.step is None  # or the run before it was: it is the same result but for a step
    sample = Sample.of(end) if is_counted else None
    args = {
        "id": task.id,
        "run": task.run,
        "lane": store.queues[task.lane],
        "status": outcome.status,
        "document": documents.dump(documents.ended(task, outcome)),
        "ttl": store.ttl_of(outcome.status),
        "history": history_item(history_log.record_of(end)) if in_history else "",
        "history_size": store.history_size,
        "event": documents.event(task, outcome.status, 100),
        "now": now,
        "iso": rq_job.iso(outcome.ended_at),
        "worker_key": worker.key if worker else "",
        "working_seconds": round(outcome.timings.total - outcome.timings.queued, 3),
        "result": rq_job.result_of(outcome, worker.name if worker else ""),
        "sample": sample.dump() if sample else "",
        "samples": _SAMPLES,
        "counters": counters_of(outcome) if is_counted else {},
        "webhook": webhook_job.of(end) or False,
        "short": task.short_id,
        "file": task.file,
        "key": key_left(task, now) or False,
    }
    return Command("finish", store.context, args, str)


def restore(store: Store, end: Ended, now: float) -> Command[bool]:
    """Restore the end of a task that Redis has lost; a failed task is listed as failed again.

    Valid only while `store.seconds_left` is positive.
    """
    task, outcome = end.task, end.outcome
    data, job = store.job_of(task)
    args = {
        "id": task.id,
        "lane": store.queues[task.lane],
        "document": documents.dump(documents.ended(task, outcome)),
        "ttl": store.seconds_left(outcome, now),
        "failed": outcome.status is Status.FAILED,
        "short": task.short_id,
        "file": task.file,
        "key": key_left(task, now) or False,
        "now": now,
        "job": job,
        "webhook": webhook_job.of(end) or False,
    }
    return Command("restore", store.context, args, lambda a: a == 1, data)


def remember(store: Store, records: Sequence[dict[str, Any]]) -> Command[int]:
    """Restore lost history records, given newest first, behind any newer ones in Redis.

    The result is how many were missing.
    """
    args = {"items": list(map(history_item, records)), "history_size": store.history_size}
    return Command("remember", store.context, args, int)


def unended(store: Store, runs: Sequence[tuple[str, int]]) -> Command[list[str]]:
    """Find the tasks among these ended (id, run) pairs whose end Redis does not show. Changes nothing."""
    return Command("unended", store.context, {"runs": list(map(list, runs))}, list)


def history_item(record: dict[str, Any]) -> str:
    """Write a record as an item of the history, which is known again by its exact text: that of the first
    version, with spaces, or a list that an earlier one began would have the same task twice.

    Of a rewritten text it says how it was made, but has only the text of the transcript, to stay small.
    """
    kept = {name: value for name, value in record.items() if name != "rewritten"}
    return json.dumps(kept, ensure_ascii=False)
