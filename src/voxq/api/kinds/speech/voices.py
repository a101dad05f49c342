"""Listing of voices, with samples."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse

from voxq.api import errors, lookup, samples
from voxq.api.access_log import note
from voxq.api.callers import browsers
from voxq.api.callers.auth import Owner
from voxq.api.service import Service, TheService
from voxq.api.shapes.model_listing import VoiceList, VoiceView
from voxq.api.submission import texts
from voxq.core.inputs import AUDIO
from voxq.core.refusal import Refusal
from voxq.core.task import Priority, Status, Task
from voxq.engines.voices import Speaker
from voxq.kinds.speech import SPEECH, SpeechOptions
from voxq.locale import Message
from voxq.speech.audio import SPEECH_FORMATS
from voxq.tasks import intake

router = APIRouter(prefix=f"/api/v1/{SPEECH.name}", tags=[SPEECH.name])

_LOOK_SECONDS = 10.0
"""Seconds after which the task is checked even without an event, because events can be lost."""
_CONTENT_TYPE = SPEECH_FORMATS[samples.FORMAT]
_SOUND: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One or two sentences in the voice's language.",
        "content": {_CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}
_HEADERS = {"Cache-Control": "private, max-age=3600"}


@router.get(
    "/voices",
    summary="List the voices",
    response_model=VoiceList,
    responses=errors.documented(401, 403, 503),
)
async def voices(service: TheService, _: Owner) -> VoiceList:
    """List the voices of the living workers; without workers, those installed where the API runs."""
    return VoiceList(voices=[_view(speaker) for speaker in await service.voices.recent()])


@router.get(
    "/voices/{name}/sample",
    summary="Listen to a voice",
    response_class=Response,
    responses=_SOUND | errors.documented(401, 403, 404, 429, 500, 503, 507),
)
async def sample(
    name: Annotated[str, PathParameter(description="Name of a voice from the list.")],
    request: Request,
    service: TheService,
    owner: Owner,
) -> Response:
    """Play a sample of a voice. The first request synthesises it, with low priority; until it is done, the
    status is 503."""
    speakers = await service.voices.recent()
    speaker = next((each for each in speakers if each.voice.name == name), None)
    if speaker is None or speaker.voice.language not in samples.TEXTS:
        raise Refusal(
            "no_such_voice", Message("Voice not found"), voices=[each.voice.name for each in speakers]
        )

    async def make(path: Path) -> None:
        if not service.settings.keys:
            # Unlike any other GET this starts work, so a page of another origin gets only an existing sample.
            browsers.check("POST", request.headers, service.settings)
        await _speak(service, owner, speaker, path)

    path = await service.samples.get(speaker, make)
    note(request, file=path.name)
    return FileResponse(path, media_type=_CONTENT_TYPE, headers=_HEADERS, content_disposition_type="inline")


def _view(speaker: Speaker) -> VoiceView:
    voice = speaker.voice
    return VoiceView(
        name=voice.name,
        language=voice.language,
        gender=voice.gender,
        accent=voice.accent,
        model=speaker.model,
        sample=f"/api/v1/{SPEECH.name}/voices/{voice.name}/sample",
    )


async def _speak(service: Service, owner: str, speaker: Speaker, path: Path) -> None:
    """Synthesise a sample as a task of the caller, and keep nothing of it but the file at `path`.

    Raises Refusal, and redis.exceptions.RedisError.
    """
    text = samples.TEXTS[speaker.voice.language]
    options = SpeechOptions(speaker.voice.name, speaker.model, format=samples.FORMAT)
    submission = await texts.accept(service, SPEECH, text, intake.Request(owner, options, Priority.LOW))
    await _end_of(service, submission.task)
    await asyncio.to_thread(_keep, service, submission.task, path)


async def _end_of(service: Service, task: Task) -> None:
    """Wait until the speech exists. Raises Refusal."""
    with service.events.listening(task.id) as woken:
        while not service.events.is_over:
            woken.clear()
            found = await lookup.find(service, task.kind, task.owner, task.id)
            if found.status is Status.DONE:
                return
            if found.status.is_terminal:
                raise Refusal("sample_failed", found.document.get("error") or "The sample was cancelled")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), _LOOK_SECONDS)
    raise Refusal("unavailable", Message("The server is stopping, please try again"))


def _keep(service: Service, task: Task, path: Path) -> None:
    try:
        service.parts.blobs.take(task.outputs[AUDIO], path)
    except FileNotFoundError:
        raise Refusal(
            "sample_pending", Message("The sample was deleted meanwhile, please ask again")
        ) from None
    service.control[task.kind].forget(task.id)
