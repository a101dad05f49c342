"""Speech synthesis: the response to a request is the audio, sent while later sentences are still
synthesised."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from voxq.api.access_log import note
from voxq.api.kinds.speech.openai import documentation, events, form
from voxq.api.kinds.speech.openai.form import SPOKEN, Wanted
from voxq.api.live import speech_stream
from voxq.api.live.speech_stream import SpeechResponse, SpeechStream
from voxq.api.openai.beginning import Begun, begin
from voxq.api.openai.sse import EventStream
from voxq.api.openai.waiting import Waiting, in_time, lease_kept, while_connected
from voxq.api.service import Service, TheService
from voxq.api.submission import reuse, texts
from voxq.api.submission.body import TheBody, bytes_for
from voxq.core.task import Task, short_id
from voxq.kinds.speech import SPEECH
from voxq.queue.enqueueing import EntryCheck
from voxq.tasks import intake

router = APIRouter(prefix="/v1/audio", tags=["openai"])


@router.post("/speech", summary="Speak a text", **documentation.SPEECH)
async def speech(request: Request, service: TheService, owner: Waiting, body: TheBody) -> Response:
    """Speak a text, as OpenAI's API does. The same request repeated after a lost connection finds its
    task."""
    entry = await service.texts[SPEECH.name].check_entry(owner, None, may_find=True)
    longest = service.settings.max_text_characters
    asked = await body.read(request, SPOKEN, bytes_for(longest))
    speakers = await service.voices.recent()
    wanted = await asyncio.to_thread(form.wanted, asked, speakers, longest)
    begun = await _begin(service, owner, entry, wanted)
    note(request, task=short_id(begun.task_id), cache=begun.cache)
    # Until there is audio to send, a response can still be an error with its own status.
    beginning = in_time(service, begun, speech_stream.begin(service, begun.kind, owner, begun.task_id))
    sound = await while_connected(service, begun, request, beginning)
    if wanted.as_events:
        return EventStream(events.events(service, begun, request, sound, wanted.text), begun.headers)
    return _AwaitedSpeech(service, begun, sound)


async def _begin(service: Service, owner: str, entry: EntryCheck, wanted: Wanted) -> Begun:
    fingerprint = await reuse.fingerprint_of(service, SPEECH, owner, wanted.options, text=wanted.text)

    async def accept() -> Task:
        asked = intake.Request(owner, wanted.options, wanted.priority)
        return (await texts.accept(service, SPEECH, wanted.text, asked, entry)).task

    return await begin(service, SPEECH.name, owner, fingerprint, accept, may_reuse=wanted.cache)


class _AwaitedSpeech(SpeechResponse):
    """A stream of speech that keeps its task's lease while the client listens."""

    def __init__(self, service: Service, begun: Begun, sound: SpeechStream) -> None:
        super().__init__(sound, begun.headers)
        self._service = service
        self._begun = begun

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with lease_kept(self._service, self._begun):
            await super().__call__(scope, receive, send)
