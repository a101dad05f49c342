"""Transcription of recordings for QuQu: the response to a request is the text.

They wait in the queue as requests under `/v1` do, with the same limits.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from voxq.api import openapi
from voxq.api.kinds.transcription.ququ import answers, form
from voxq.api.kinds.transcription.ququ.answers import Transcribed, TranscribedAndOptimized
from voxq.api.kinds.transcription.recognition import begin_recognition
from voxq.api.lookup import Found
from voxq.api.openai.waiting import Waiting, end_of, transcript_of
from voxq.api.ququ import errors
from voxq.api.service import Service, TheService
from voxq.api.submission import upload
from voxq.core.request_reader import RequestReader
from voxq.kinds.transcription import TRANSCRIPTION, TranscriptionOptions
from voxq.tasks import intake

router = APIRouter(prefix="/api/asr", tags=["ququ"])

_ERRORS = errors.documented(400, 401, 403, 408, 409, 413, 422, 429, 500, 503, 504, 507)


def _body(reader: RequestReader[TranscriptionOptions]) -> dict[str, Any]:
    return openapi.body("multipart/form-data", form.schema(reader))


@router.post(
    "/transcribe",
    summary="Transcribe a recording for QuQu",
    responses=_ERRORS,
    openapi_extra=_body(form.PLAIN),
)
async def transcribe(
    request: Request, response: Response, service: TheService, owner: Waiting
) -> Transcribed:
    """Transcribe a recording. Waits for the text; the same request repeated after a lost connection finds
    its task."""
    found, _ = await _recognised(request, response, service, owner, form.PLAIN)
    return answers.transcribed(transcript_of(found))


@router.post(
    "/transcribe-and-optimize",
    summary="Transcribe a recording and optimize its text for QuQu",
    response_model_exclude_unset=True,
    responses=_ERRORS,
    openapi_extra=_body(form.OPTIMIZED),
)
async def transcribe_and_optimize(
    request: Request, response: Response, service: TheService, owner: Waiting
) -> TranscribedAndOptimized:
    """Transcribe a recording, and clean up its text with the operator's language model. If that fails, the
    answer has the transcript all the same, and `optimize_error` says why."""
    found, mode = await _recognised(request, response, service, owner, form.OPTIMIZED)
    return answers.optimized(transcript_of(found), mode, found.document)


async def _recognised(
    request: Request,
    response: Response,
    service: Service,
    owner: str,
    reader: RequestReader[TranscriptionOptions],
) -> tuple[Found, str]:
    """Receive a form and wait for its task. Returns the task at its end, and what was to be made of its
    text."""
    limits = upload.Limits.of(service.settings)
    upload.check_size(request, limits)
    models = await service.models.recent()
    entry = await service.recordings[TRANSCRIPTION.name].check_entry(owner, None, may_find=True)
    async with upload.received(request, service.parts.blobs, limits, reader.form) as received:
        wanted = form.wanted(reader, received.fields, models)
        asked = intake.Request(owner, wanted.options, wanted.priority)
        begun = await begin_recognition(request, service, entry, received.upload, asked, may_reuse=True)
        received.is_taken = begun.cache == "miss"
    response.headers.update(begun.headers)
    return await end_of(service, begun, request), wanted.mode


errors.shape(router)
