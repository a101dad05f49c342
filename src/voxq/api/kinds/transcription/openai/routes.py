"""Transcriptions and translations: the response to a request is the text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from voxq.api import rendering, views
from voxq.api.available import AvailableModels
from voxq.api.kinds.transcription.openai import documentation, form, stream
from voxq.api.kinds.transcription.openai.answers import answer
from voxq.api.kinds.transcription.openai.form import Wanted
from voxq.api.kinds.transcription.recognition import begin_recognition
from voxq.api.openai.sse import EventStream
from voxq.api.openai.waiting import Waiting, document_of, end_of
from voxq.api.service import Service, TheService
from voxq.api.submission import upload
from voxq.api.submission.form import Fields
from voxq.kinds.transcription import TRANSCRIPTION
from voxq.tasks import intake

router = APIRouter(prefix="/v1/audio", tags=["openai"])

Read = Callable[[Fields, AvailableModels], Wanted]


@router.post("/transcriptions", summary="Transcribe a recording", **documentation.TRANSCRIPTION)
async def transcriptions(request: Request, service: TheService, owner: Waiting) -> Response:
    """Transcribe a recording, as OpenAI's API does. Waits for the text; the same request repeated after a
    lost connection finds its task."""
    return await _recognise(request, service, owner, form.transcription)


@router.post("/translations", summary="Translate a recording into English", **documentation.TRANSLATION)
async def translations(request: Request, service: TheService, owner: Waiting) -> Response:
    """Translate a recording into English, as OpenAI's API does, if a model translates: any Whisper model
    except turbo."""
    return await _recognise(request, service, owner, form.translation)


async def _recognise(request: Request, service: Service, owner: str, read: Read) -> Response:
    limits = upload.Limits.of(service.settings)
    upload.check_size(request, limits)
    models = await service.models.recent()
    entry = await service.recordings[TRANSCRIPTION.name].check_entry(owner, None, may_find=True)

    def check(fields: Fields) -> None:
        form.check(fields, models)

    async with upload.received(request, service.parts.blobs, limits, check, file_field="file") as received:
        wanted = read(received.fields, models)
        asked = intake.Request(owner, wanted.options, wanted.priority)
        begun = await begin_recognition(
            request, service, entry, received.upload, asked, may_reuse=wanted.cache
        )
        received.is_taken = begun.cache == "miss"
    if wanted.streams:
        return EventStream(stream.events(service, begun, request), begun.headers)
    found = await end_of(service, begun, request)
    document = document_of(found)
    transcript = await asyncio.to_thread(
        rendering.transcript, document, wanted.text, wanted.format, "response_format"
    )
    response = answer(transcript, wanted, views.rewritten_json(document))
    response.headers.update(begun.headers)
    return response
