"""What waits for an engine, as the scheduler sees it."""

from __future__ import annotations

from collections.abc import Iterator

from voxq.core.task import Lane
from voxq.worker.dispatch.accounting import Accounting
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.runs.task_runs import TaskRuns
from voxq.worker.scheduler import WaitingChunk

_LOOKAHEAD = 4
"""How many batches' worth of a task's chunks the scheduler sees: enough to match lengths."""


def waiting(
    task_runs: TaskRuns, pool: ModelPool, accounting: Accounting, now: float
) -> Iterator[WaitingChunk]:
    """The chunks that could run now (monotonic clock)."""
    for task_run in task_runs:
        pooled = pool.of(task_run.model)
        indices = task_run.waiting(_LOOKAHEAD * pooled.limits.items)
        if not indices or now < task_run.disk_retry.not_before:
            continue
        task, chunks = task_run.task, task_run.chunks
        key = task_run.batch_key
        remaining = task_run.work_left(pooled.terms.cost)
        owner_use = accounting.owner_use(task.owner, now)
        loading = 0.0 if pooled.is_available else pooled.load_seconds
        for index in indices:
            yield WaitingChunk(
                task_id=task.id,
                index=index,
                seconds=chunks[index].seconds,
                model=pooled.name,
                key=key,
                lane=task.lane,
                waiting_since=task_run.last_served,
                remaining=remaining,
                owner_use=owner_use,
                loading=loading,
                is_suspect=chunks.is_suspect(index),
                batch_seconds=task_run.batch_seconds,
            )


def coming(task_runs: TaskRuns, pool: ModelPool, device: str) -> Iterator[tuple[Lane, float]]:
    """The tasks for this device that are just being decoded, and since when they are here."""
    for task_run in task_runs:
        is_new = task_run.prepared is None and not len(task_run.chunks)
        pooled = pool.of(task_run.model)
        if is_new and pooled.is_available and pooled.device == device:
            yield task_run.task.lane, task_run.last_served
