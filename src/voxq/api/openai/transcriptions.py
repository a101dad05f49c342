"""Transcriptions and translations: one request, and its answer is the text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from voxq.api import lookup, reuse, upload
from voxq.api.access_log import note
from voxq.api.auth import Owner
from voxq.api.available import AvailableModels
from voxq.api.form import Fields
from voxq.api.openai import form, stream
from voxq.api.openai.answers import answer
from voxq.api.openai.documentation import TRANSCRIPTION, TRANSLATION
from voxq.api.openai.form import Wanted
from voxq.api.openai.waiting import end_of, looks, transcript_of
from voxq.api.service import Service, TheService
from voxq.tasks import intake, script, twins
from voxq.tasks.refusal import NotFound
from voxq.tasks.store import Door
from voxq.tasks.task import Kind, short_id

router = APIRouter(prefix="/v1/audio", tags=["openai"])

Read = Callable[[Fields, AvailableModels], Wanted]


@dataclass(frozen=True, slots=True)
class _Begun:
    """The task that will answer a request, and whether it is new."""

    task_id: str
    cache: Literal["hit", "miss", "joined"]

    @property
    def headers(self) -> dict[str, str]:
        return {"x-voxq-task": self.task_id, reuse.HEADER: self.cache}


@router.post("/transcriptions", summary="Transcribe a recording", **TRANSCRIPTION)
async def transcriptions(request: Request, service: TheService, owner: Owner) -> Response:
    """As OpenAI's. Waits for the text; the same request again, after a lost connection, finds its task."""
    return await _recognise(request, service, owner, form.transcription)


@router.post("/translations", summary="Translate a recording into English", **TRANSLATION)
async def translations(request: Request, service: TheService, owner: Owner) -> Response:
    """As OpenAI's, where there is a model that translates: one of Whisper's, but for turbo."""
    return await _recognise(request, service, owner, form.translation)


async def _recognise(request: Request, service: Service, owner: str, read: Read) -> Response:
    limits = upload.Limits.of(service.settings)
    upload.check_size(request, limits)
    models = await service.models.recent()
    door = await service.intake.knock(owner, None)
    received = await upload.receive(
        request,
        service.parts.recordings,
        limits,
        lambda fields: read(fields, models),
        file_field="file",
    )
    try:
        wanted = read(received.fields, models)
        begun = await _begin(service, owner, door, received.upload, wanted, models)
    finally:
        await asyncio.to_thread(received.upload.part.unlink, missing_ok=True)  # a new task has moved it
    note(request, task=short_id(begun.task_id), cache=begun.cache)
    if wanted.streams:
        events = stream.events(looks(service, owner, begun.task_id, progress=True), request)
        headers = begun.headers | {"X-Accel-Buffering": "no"}
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)
    found = await end_of(service, owner, begun.task_id, request)
    response = answer(transcript_of(found), wanted)
    response.headers.update(begun.headers)
    return response


async def _begin(
    service: Service,
    owner: str,
    door: Door,
    received: intake.Upload,
    wanted: Wanted,
    models: AvailableModels,
) -> _Begun:
    """Find the task that does just this, or make one."""
    store = service.parts.stores[Kind.ASR]
    fingerprint = await reuse.fingerprint(service, owner, received.sha256, wanted.options, models)
    if wanted.cache:
        twin = await script.run_async(service.client, twins.look(store, fingerprint, join=True))
        if twin is not None and await _exists(service, owner, twin.task_id):
            return _Begun(twin.task_id, twin.how)
    request = intake.Request(owner, wanted.options, wanted.priority)
    task = (await service.intake.accept(door, received, request)).task
    await reuse.adopt(service, fingerprint, task, leased=True)
    return _Begun(task.id, "miss")


async def _exists(service: Service, owner: str, task_id: str) -> bool:
    try:
        await lookup.find(service, Kind.ASR, owner, task_id)
    except NotFound:
        return False
    return True
