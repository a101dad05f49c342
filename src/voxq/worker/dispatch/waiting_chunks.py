"""Waiting chunks, as the scheduler sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from voxq.core.task import Lane
from voxq.worker.dispatch.accounting import Accounting
from voxq.worker.dispatch.company import Company
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.runs.task_run import TaskStep
from voxq.worker.runs.task_runs import TaskRuns
from voxq.worker.scheduler import WaitingChunk

_LOOKAHEAD = 4
"""Batches' worth of one task's chunks that the scheduler sees: enough to match lengths."""


def waiting(
    task_runs: TaskRuns, pool: ModelPool, accounting: Accounting, company: Company, now: float
) -> Iterator[WaitingChunk]:
    """Chunks that could run now (monotonic clock)."""
    company.see(((task_run.task.id, task_run.task.lane) for task_run in task_runs), now)
    costs = {plan.name: pool.of(plan).terms.cost for plan in task_runs.plans}
    for task_run in task_runs:
        remaining: float | None = None
        for step in task_run.steps:
            pooled = pool.of(step.model)
            indices = step.waiting(_LOOKAHEAD * pooled.limits.items)
            if not indices or now < step.disk_retry.not_before:
                continue
            if remaining is None:
                remaining = sum(
                    other.work_left(costs[other.model.name]) for other in task_run.steps if not other.is_over
                )
            owner_use = accounting.owner_use(task_run.task.owner, now)
            key = step.batch_key
            loading = 0.0 if pooled.is_available else pooled.load_seconds
            task_id, lane = task_run.task.id, task_run.task.lane
            engine_seconds = company.batch_seconds(task_id, lane, now)
            for index, count in _chunks(step, indices, fine=company.is_cut_fine(task_id, lane, now)):
                yield WaitingChunk(
                    task_id=task_id,
                    index=index,
                    seconds=step.seconds_of(index, count),
                    model=pooled.name,
                    key=key,
                    lane=lane,
                    waiting_since=task_run.last_served,
                    remaining=remaining,
                    owner_use=owner_use,
                    loading=loading,
                    is_suspect=step.chunks.is_suspect(index),
                    batch_seconds=task_run.policy.batch_seconds,
                    step=step.name,
                    count=count,
                    engine_seconds=engine_seconds,
                )


def _chunks(step: TaskStep, indices: Sequence[int], *, fine: bool) -> Iterator[tuple[int, int]]:
    """First piece and number of pieces of each chunk that could run: with `fine`, each piece is one."""
    done = -1
    for index in indices:
        if index > done:
            count = 1 if fine else step.next_chunk(index)
            yield index, count
            done = index + count - 1


def coming(task_runs: TaskRuns, pool: ModelPool, device: str) -> Iterator[tuple[Lane, float]]:
    """Lane and time of arrival of each task for this device that is just being decoded."""
    for task_run in task_runs:
        if task_run.prepared is not None or len(task_run.first.chunks):
            continue
        pooled = pool.of(task_run.first.model)
        if pooled.is_available and pooled.device == device:
            yield task_run.task.lane, task_run.last_served
