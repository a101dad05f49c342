"""Taking recordings in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from voxq.api import errors
from voxq.api.callers.auth import Owner
from voxq.api.service import TheService
from voxq.api.shapes.submission import Submitted
from voxq.api.submission import options, reuse, upload
from voxq.api.submission.submit_form import FORM
from voxq.api.submission.submitted import submitted, submitted_or_reused
from voxq.core.refusal import Refusal
from voxq.kinds import transcription
from voxq.kinds.transcription import TRANSCRIPTION
from voxq.tasks import intake

router = APIRouter(prefix=f"/api/v1/{TRANSCRIPTION.name}", tags=[TRANSCRIPTION.name])


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
    idempotency_key: options.IdempotencyKey = None,
) -> Response:
    """The recording is streamed to disk, checked and queued; ask for its result by the `task_id`."""
    key = options.idempotency_key(idempotency_key)
    limits = upload.Limits.of(service.settings)
    upload.check_size(request, limits)
    entry = await service.intake.check_entry(owner, key)
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
    submission = await service.intake.accept(entry, received.upload, wanted)
    if not may_reuse or submission.replayed:
        return await submitted(request, service, submission.task, submission.place)
    task = submission.task
    asked = transcription.options_of(task)
    fingerprint = await reuse.of_recording(service, owner, task.audio_sha256, asked, models)
    return await submitted_or_reused(request, service, submission, fingerprint)
