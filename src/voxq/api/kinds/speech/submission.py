"""Submission of texts to be spoken, one or many."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Request
from pydantic import Field

from voxq.api import errors, openapi
from voxq.api.access_log import note
from voxq.api.callers.auth import Owner
from voxq.api.kinds.speech import matching, options
from voxq.api.language import said
from voxq.api.service import Service, TheService
from voxq.api.shapes.submission import Batch, BatchItem
from voxq.api.submission import text_route, texts
from voxq.api.submission.body import TheBody
from voxq.core.refusal import Refusal
from voxq.core.request_reader import Asked, RequestReader
from voxq.kinds.speech import SPEECH, SpeechOptions, TextField
from voxq.locale import about
from voxq.tasks import intake

MAX_TEXTS = 500
"""Maximum number of texts in a batch."""

_VoiceprintField = Annotated[
    str,
    Field(
        description="Voiceprint of the caller, instead of `voice`: the most similar voice speaks, see "
        "`voice_match` in the result."
    ),
]
_BATCH_BYTES = 32 << 20
MANY_TEXTS = RequestReader(
    SpeechOptions,
    fixed={"cache": False},
    besides={
        "texts": Annotated[
            list[str], Field(min_length=1, max_length=MAX_TEXTS, description="Texts to speak, one task each.")
        ],
        "voiceprint": (_VoiceprintField, ""),
    },
)


async def among_speakers(service: Service, text: str, asked: SpeechOptions) -> SpeechOptions:
    """Check the options of a text against the voices that there are. Raises as `options.for_speakers`."""
    speakers = await service.voices.recent()
    # In a thread, because checking a long text takes a moment.
    longest = service.settings.max_text_characters
    return await asyncio.to_thread(options.for_speakers, text, asked, speakers, longest)


async def _chosen(service: Service, owner: str, asked: Asked[SpeechOptions]) -> tuple[str, SpeechOptions]:
    text = asked.besides["text"]
    return text, await _in_voice(service, owner, text, asked)


async def _in_voice(service: Service, owner: str, text: str, asked: Asked[SpeechOptions]) -> SpeechOptions:
    """Check the options of a text, which may ask for the voice of a voiceprint."""
    wanted = asked.options
    if id := asked.besides["voiceprint"]:
        wanted = await matching.of_voiceprint(service, owner, id, text, wanted)
    return await among_speakers(service, text, wanted)


router = text_route.router_of(SPEECH, {"text": TextField, "voiceprint": (_VoiceprintField, "")}, _chosen)


@router.post(
    "/batch",
    summary="Submit many texts",
    response_model=Batch,
    response_model_exclude_unset=True,
    responses=errors.documented(400, 401, 403, 404, 408, 413, 422, 429, 503, 507),
    openapi_extra=openapi.body("application/json", MANY_TEXTS.json_schema()),
)
async def batch(request: Request, service: TheService, owner: Owner, body: TheBody) -> Batch:
    """Queue one task for each text, all with the same options. Nothing is queued unless every text can be
    spoken.

    If the queue fills up on the way, the remaining texts report it.
    """
    asked = await body.read(request, MANY_TEXTS, _BATCH_BYTES)
    how = asked.submission
    callback = how.webhook(service.settings.registered_webhooks)
    wanted: list[tuple[str, intake.Request]] = []
    for number, text in enumerate(asked.besides["texts"]):
        try:
            chosen = await _in_voice(service, owner, text, asked)
        except Refusal as refusal:
            details = refusal.details | {"index": number}
            raise Refusal(
                refusal.code,
                about(f"texts.{number}", refusal.message),
                **details,
            ) from None
        wanted.append((text, intake.Request(owner, chosen, how.priority, callback=callback)))
    tasks: list[BatchItem] = []
    for text, each in wanted:
        try:
            task = (await texts.accept(service, SPEECH, text, each)).task
            tasks.append(BatchItem(task_id=task.id, status="queued"))
        except Refusal as refusal:
            if not tasks:
                raise
            task_id = refusal.details.get("task_id")
            tasks.append(
                BatchItem(task_id=task_id, status="refused", error=said(refusal.message), code=refusal.code)
            )
    taken = sum(task.status == "queued" for task in tasks)
    note(request, texts=len(tasks), queued=taken)
    return Batch(total=taken, tasks=tasks)
