"""Responses to submissions and retries."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from voxq.api.access_log import note
from voxq.api.service import Service
from voxq.api.shapes.submission import Submitted
from voxq.api.submission import reuse
from voxq.core.task import Status, Task
from voxq.queue import enqueueing, script
from voxq.queue.enqueueing import Place
from voxq.tasks.intake import Submission


async def submitted(request: Request, service: Service, task: Task, place: Place | None) -> Response:
    """Report the present state of the task. Raises redis.exceptions.RedisError."""
    status = Status.QUEUED
    # a concurrent request with the same key, or the same retry, was first, and a worker has taken the task
    if place is None:
        view = await script.run_async(
            service.trips, enqueueing.view(service.parts.stores[task.kind], task.id)
        )
        place = view.place
        status = Status(view.document["status"]) if view.document else status
    overview = await service.overview.recent()
    note(request, task=task.short_id, file=task.file, size=_shown(task.size), status=status)
    answer = Submitted(
        task_id=task.id,
        status=status.value,
        position=place.position if place else 0,
        estimated_wait=overview.estimated_wait(place, task.kind),
    )
    # The model is valid already, and validating it again would cost time when many clients submit at once.
    return JSONResponse(answer.model_dump())


async def answered(
    request: Request, service: Service, submission: Submission, *, may_reuse: bool
) -> Response:
    """Report on an accepted task. With `may_reuse`, it may be answered from the cache, and is then done
    already."""
    task, place = submission.task, submission.place
    if not may_reuse or submission.replayed:
        return await submitted(request, service, task, place)
    is_hit = await reuse.answer_from_cache(service, task)
    answer = await submitted(request, service, task, None if is_hit else place)
    answer.headers[reuse.HEADER] = "hit" if is_hit else "miss"
    return answer


def _shown(size: int) -> str:
    return f"{size / 1e6:.1f}MB" if size >= 1e6 else f"{size / 1e3:.1f}KB"
