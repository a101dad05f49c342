"""Taking work in: submit, and retry."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from voxq.api import errors, lookup, options, reuse, upload
from voxq.api.access_log import note
from voxq.api.auth import Owner
from voxq.api.models import Submitted
from voxq.api.service import Service, TheService
from voxq.api.submit_form import FORM
from voxq.tasks import intake, script
from voxq.tasks.refusal import Refusal
from voxq.tasks.store import Place
from voxq.tasks.task import Status, Task

router = APIRouter(prefix="/api/v1/asr", tags=["asr"])


@router.post(
    "/submit",
    summary="Submit a recording",
    response_model=Submitted,
    responses=errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 507),
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}},
)
async def submit(
    request: Request,
    service: TheService,
    owner: Owner,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="A request repeated with the same key, for a day, is answered with the same task."
        ),
    ] = None,
) -> Response:
    """The recording is streamed to disk, checked and queued; ask for its result by the `task_id`."""
    key = options.idempotency_key(idempotency_key)
    limits = upload.Limits.of(service.settings)
    upload.check_size(request, limits)
    door = await service.intake.knock(owner, key)
    models = await service.models.recent()
    webhooks = service.settings.registered_webhooks

    def check(fields: Mapping[str, str]) -> None:
        models.choose(fields.get("model", ""))
        options.callback(fields, webhooks)

    received = await upload.receive(request, service.parts.recordings, limits, check)
    try:
        wanted = intake.Request(
            owner,
            options.asr_options(received.fields, models),
            options.priority(received.fields),
            key,
            options.callback(received.fields, webhooks),
        )
        may_reuse = options.switch(received.fields, "cache", False)
    except Refusal:
        await asyncio.to_thread(received.upload.part.unlink, missing_ok=True)
        raise
    submission = await service.intake.accept(door, received.upload, wanted)
    if not may_reuse or submission.replayed:
        return await _submitted(request, service, submission.task, submission.place)
    is_hit = await reuse.answer_from_cache(service, submission.task, models)
    answer = await _submitted(request, service, submission.task, None if is_hit else submission.place)
    answer.headers[reuse.HEADER] = "hit" if is_hit else "miss"
    return answer


@router.post(
    "/retry/{task_id}",
    summary="Try a failed task again",
    response_model=Submitted,
    responses=errors.documented(401, 403, 404, 409, 410, 503),
)
async def retry(task_id: str, request: Request, service: TheService, owner: Owner) -> Response:
    """It keeps its id; only failed tasks can be tried again, while their recording is there."""
    found = await lookup.find(service, owner, task_id)
    task, enqueued = await asyncio.to_thread(service.control.retry, found.task_id, found.document["run"])
    return await _submitted(request, service, task, enqueued.place)


async def _submitted(request: Request, service: Service, task: Task, place: Place | None) -> Response:
    status = Status.QUEUED
    if place is None:  # somebody was faster: the same key or the same retry, and a worker since
        view = await script.run_async(service.client, service.parts.store.view(task.id))
        place = view.place
        status = Status(view.document["status"]) if view.document else status
    crew = await service.crew.recent()
    note(request, task=task.short_id, file=task.file, size=_shown(task.size), status=status)
    submitted = Submitted(
        task_id=task.id,
        status=status.value,
        position=place.position if place else 0,
        estimated_wait=crew.estimated_wait(place),
    )
    return JSONResponse(submitted.model_dump())  # valid already: a hundred clients wait for it


def _shown(size: int) -> str:
    return f"{size / 1e6:.1f}MB" if size >= 1e6 else f"{size / 1e3:.1f}KB"
