"""Submission of recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from voxq.api import errors
from voxq.api.callers.auth import Owner
from voxq.api.service import TheService
from voxq.api.shapes.submission import Submitted
from voxq.api.submission import options, reuse, upload
from voxq.api.submission.submitted import submitted, submitted_or_reused
from voxq.core.refusal import Refusal
from voxq.core.request_reader import RequestReader
from voxq.kinds import transcription
from voxq.kinds.transcription import TRANSCRIPTION, TranscriptionOptions
from voxq.tasks import intake

router = APIRouter(prefix=f"/api/v1/{TRANSCRIPTION.name}", tags=[TRANSCRIPTION.name])

_AUDIO = {
    "audio": {
        "type": "string",
        "format": "binary",
        "description": "The recording, of any supported format; its content counts and not its name.",
    }
}
_READER = RequestReader(TranscriptionOptions, elsewhere=_AUDIO)
_FORM = _READER.form_schema(_AUDIO)


@router.post(
    "/submit",
    summary="Submit a recording",
    response_model=Submitted,
    responses=errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 507),
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
async def submit(
    request: Request,
    service: TheService,
    owner: Owner,
    idempotency_key: options.IdempotencyKey = None,
) -> Response:
    """Stream a recording to disk, check it and queue it; fetch its result by the `task_id`."""
    key = options.idempotency_key(idempotency_key)
    limits = upload.Limits.of(service.settings)
    upload.check_size(request, limits)
    entry = await service.recordings[TRANSCRIPTION.name].check_entry(owner, key)
    models = await service.models.recent()
    webhooks = service.settings.registered_webhooks

    def check(fields: Mapping[str, str]) -> None:
        asked = _READER.form(fields)
        # the language depends on the model, whose field may come later
        models.choose(asked.options.model or "")
        asked.submission.webhook(webhooks)

    def read(fields: Mapping[str, str]) -> tuple[intake.Request, bool]:
        """Return the options, and whether an earlier result may answer."""
        asked = _READER.form(fields)
        chosen = options.for_models(asked.options, models)
        how = asked.submission
        return intake.Request(owner, chosen, how.priority, key, how.webhook(webhooks)), how.cache

    received = await upload.receive(request, service.parts.blobs, limits, check)
    try:
        wanted, may_reuse = read(received.fields)
    except Refusal:
        await asyncio.to_thread(received.upload.part.unlink, missing_ok=True)
        raise
    submission = await service.recordings[TRANSCRIPTION.name].accept(entry, received.upload, wanted)
    if not may_reuse or submission.replayed:
        return await submitted(request, service, submission.task, submission.place)
    task = submission.task
    asked = transcription.options_of(task)
    fingerprint = await reuse.of_recording(service, owner, task.sha256, asked, models)
    return await submitted_or_reused(request, service, submission, fingerprint)
