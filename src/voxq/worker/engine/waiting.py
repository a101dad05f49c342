"""What waits for an engine, as the scheduler sees it."""

from __future__ import annotations

from collections.abc import Iterator

from voxq.tasks.task import Lane
from voxq.worker.engine.accounts import Accounts
from voxq.worker.held.assignments import Assignments
from voxq.worker.models.stable import Stable
from voxq.worker.scheduler import WaitingChunk

_OFFERED = 4
"""How many batches' worth of a task's chunks the scheduler sees: enough to match lengths."""


def waiting(
    assignments: Assignments, stable: Stable, accounts: Accounts, now: float
) -> Iterator[WaitingChunk]:
    """The chunks that could run now (monotonic clock)."""
    for assignment in assignments:
        stall = stable.of(assignment.model)
        indices = assignment.waiting(_OFFERED * stall.limits.items)
        if not indices or now < assignment.setback.not_before:
            continue
        task, chunks = assignment.task, assignment.chunks
        key = assignment.batch_key
        remaining = assignment.work_left(stall.terms.cost)
        owner_use = accounts.owner_use(task.owner, now)
        loading = 0.0 if stall.is_available else stall.load_seconds
        for index in indices:
            yield WaitingChunk(
                task_id=task.id,
                index=index,
                seconds=chunks[index].seconds,
                model=stall.name,
                key=key,
                lane=task.lane,
                waiting_since=assignment.last_served,
                remaining=remaining,
                owner_use=owner_use,
                loading=loading,
                is_suspect=chunks.is_suspect(index),
                batch_seconds=assignment.batch_seconds,
            )


def coming(assignments: Assignments, stable: Stable, device: str) -> Iterator[tuple[Lane, float]]:
    """The tasks for this device that are just being decoded, and since when they are here."""
    for assignment in assignments:
        is_new = assignment.prepared is None and not len(assignment.chunks)
        stall = stable.of(assignment.model)
        if is_new and stall.is_available and stall.device == device:
            yield assignment.task.lane, assignment.last_served
