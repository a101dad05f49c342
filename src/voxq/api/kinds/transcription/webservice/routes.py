"""Transcripts and languages as whisper-asr-webservice serves them: the response to a request is the text, or
the language.

They wait in the queue as requests under `/v1` do, with the same limits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from voxq.api import errors, openapi
from voxq.api.kinds.transcription.recognition import begin_recognition
from voxq.api.kinds.transcription.webservice import answers, query, raw
from voxq.api.kinds.transcription.webservice.answers import Detected
from voxq.api.kinds.transcription.webservice.clips import clip_of
from voxq.api.kinds.transcription.webservice.query import AsrQuery, DetectQuery
from voxq.api.openai.waiting import Waiting, end_of, transcript_of
from voxq.api.service import Service, TheService
from voxq.api.submission import upload
from voxq.api.submission.form import Fields
from voxq.api.submission.upload import Header
from voxq.core.request_reader import unknown_field
from voxq.core.task import Priority
from voxq.kinds.transcription import TRANSCRIPTION
from voxq.queue.enqueueing import EntryCheck
from voxq.tasks import intake

router = APIRouter(tags=["whisper-asr-webservice"])

_FIELD = "audio_file"
_FORM = {
    "type": "object",
    "required": [_FIELD],
    "properties": {
        _FIELD: {"type": "string", "format": "binary", "description": "The recording; see `encode`."}
    },
}
_BODY = openapi.body("multipart/form-data", _FORM)
_ERRORS = errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 503, 504, 507)
_TEXTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The transcript.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.post(
    "/asr", summary="Transcribe a recording for Bazarr", responses=_ERRORS | _TEXTS, openapi_extra=_BODY
)
async def asr(
    request: Request, service: TheService, owner: Waiting, asked: Annotated[AsrQuery, Query()]
) -> Response:
    """Transcribe a recording as whisper-asr-webservice does, or translate it into English. Waits for the
    text; the same request repeated after a lost connection finds its task."""
    query.check_names(request, AsrQuery)
    options = query.transcription(asked, await service.models.recent())
    async with _received(request, service, owner, _header(asked.encode)) as (entry, recording):
        wanted = intake.Request(owner, options, Priority.NORMAL)
        begun = await begin_recognition(request, service, entry, recording, wanted, may_reuse=True)
    found = await end_of(service, begun, request)
    return answers.answer(transcript_of(found), asked.output, task=asked.task, headers=begun.headers)


@router.post(
    "/detect-language", summary="Detect a language for Bazarr", responses=_ERRORS, openapi_extra=_BODY
)
async def detect_language(
    request: Request, service: TheService, owner: Waiting, asked: Annotated[DetectQuery, Query()]
) -> Detected:
    """Detect the language in the first half minute of a recording, or in another part of it. The language is
    `und` if nobody speaks there."""
    query.check_names(request, DetectQuery)
    options = query.detection(await service.models.recent())
    start, seconds = asked.detect_lang_offset, asked.detect_lang_length
    async with (
        _received(request, service, owner, _header(asked.encode)) as (entry, recording),
        clip_of(service, recording, owner, start, seconds) as clip,
    ):
        wanted = intake.Request(owner, options, Priority.HIGH)
        begun = await begin_recognition(request, service, entry, clip, wanted, may_reuse=True)
    return answers.detected(transcript_of(await end_of(service, begun, request)))


@asynccontextmanager
async def _received(
    request: Request, service: Service, owner: str, header: Header
) -> AsyncIterator[tuple[EntryCheck, intake.Upload]]:
    """Receive the form, after a check of the limits; the file is removed at the end unless it was moved."""
    limits = upload.Limits.of(service.settings)
    upload.check_size(request, limits)
    entry = await service.recordings[TRANSCRIPTION.name].check_entry(owner, None, may_find=True)
    async with upload.received(
        request, service.parts.blobs, limits, _check_fields, file_field=_FIELD, header=header
    ) as received:
        yield entry, received.upload


def _check_fields(fields: Fields) -> None:
    for name in fields:
        raise unknown_field(name, [_FIELD])


def _header(is_file: bool) -> Header:
    return upload.no_header if is_file else raw.header_for
