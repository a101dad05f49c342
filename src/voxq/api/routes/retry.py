"""Retry of failed tasks."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from voxq.api import errors, lookup
from voxq.api.callers.auth import Owner
from voxq.api.service import TheKind, TheService
from voxq.api.shapes.submission import Submitted
from voxq.api.submission.submitted import submitted

router = APIRouter()


@router.post(
    "/retry/{task_id}",
    summary="Retry a failed task",
    response_model=Submitted,
    responses=errors.documented(401, 403, 404, 409, 410, 413, 422, 429, 503),
)
async def retry(
    task_id: str,
    request: Request,
    service: TheService,
    kind: TheKind,
    owner: Owner,
    step: Annotated[
        str | None,
        Query(max_length=40, description="The one step to retry, of a task that ended without it."),
    ] = None,
) -> Response:
    """Retry a failed task under its id, as long as its recording or text is kept.

    The result of a task that was done without one of its optional steps names that step, which can be retried
    alone.
    """
    found = await lookup.find(service, kind, owner, task_id)
    task, enqueued = await asyncio.to_thread(
        service.control[kind].retry,
        found.task_id,
        found.document["run"],
        step=step,
        limited=not service.access.sees_all(owner),
    )
    return await submitted(request, service, task, enqueued.place)
