"""Submission of texts for speech synthesis."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from voxq.api import errors
from voxq.api.access_log import note
from voxq.api.callers.auth import Owner
from voxq.api.limits import disk
from voxq.api.service import Service, TheService
from voxq.api.shapes.submission import Batch, BatchItem, Submitted
from voxq.api.submission import options, reuse, speech_options
from voxq.api.submission.body import TheBody, bytes_for
from voxq.api.submission.submitted import submitted, submitted_or_reused
from voxq.core.refusal import Refusal
from voxq.core.request_reader import RequestReader
from voxq.core.submission import SubmissionOptions
from voxq.kinds.speech import SPEECH, SpeechOptions, TextField
from voxq.tasks import intake
from voxq.tasks.intake import Submission

router = APIRouter(prefix=f"/api/v1/{SPEECH.name}", tags=[SPEECH.name])

MAX_TEXTS = 500
"""Maximum number of texts in a batch."""

_BATCH_BYTES = 32 << 20
_ONE_TEXT = RequestReader(SpeechOptions, besides={"text": TextField})
_MANY_TEXTS = RequestReader(
    SpeechOptions,
    fixed={"cache": False},
    besides={
        "texts": Annotated[
            list[str], Field(min_length=1, max_length=MAX_TEXTS, description="Texts to speak, one task each.")
        ]
    },
)


def _body(reader: RequestReader[SpeechOptions]) -> dict[str, object]:
    content = {"application/json": {"schema": reader.json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/submit",
    summary="Submit a text",
    response_model=Submitted,
    responses=errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 507),
    openapi_extra=_body(_ONE_TEXT),
)
async def submit(
    request: Request,
    service: TheService,
    owner: Owner,
    body: TheBody,
    idempotency_key: options.IdempotencyKey = None,
) -> Response:
    """Check a text and queue it; fetch its result and its audio by the `task_id`."""
    key = options.idempotency_key(idempotency_key)
    longest = service.settings.max_text_characters
    asked = await body.read(request, _ONE_TEXT, bytes_for(longest))
    how = asked.submission
    callback = how.webhook(service.settings.registered_webhooks)
    text = asked.besides["text"]
    chosen = await _chosen(service, text, asked.options)
    submission = await _accept(service, owner, text, chosen, how, key, callback)
    if not how.cache or submission.replayed:
        return await submitted(request, service, submission.task, submission.place)
    fingerprint = await reuse.of_text(service, SPEECH, owner, text, chosen)
    return await submitted_or_reused(request, service, submission, fingerprint)


@router.post(
    "/batch",
    summary="Submit many texts",
    response_model=Batch,
    response_model_exclude_unset=True,
    responses=errors.documented(400, 401, 403, 404, 408, 413, 422, 429, 503, 507),
    openapi_extra=_body(_MANY_TEXTS),
)
async def batch(request: Request, service: TheService, owner: Owner, body: TheBody) -> Batch:
    """Queue one task for each text, all with the same options. Nothing is queued unless every text can be
    spoken.

    If the queue fills up on the way, the remaining texts report it.
    """
    asked = await body.read(request, _MANY_TEXTS, _BATCH_BYTES)
    how = asked.submission
    callback = how.webhook(service.settings.registered_webhooks)
    chosen: list[tuple[str, SpeechOptions]] = []
    for number, text in enumerate(asked.besides["texts"]):
        try:
            chosen.append((text, await _chosen(service, text, asked.options)))
        except Refusal as refusal:
            details = refusal.details | {"index": number}
            raise Refusal(refusal.code, f"texts.{number}: {refusal.message}", **details) from None
    tasks: list[BatchItem] = []
    for text, each in chosen:
        try:
            task = (await _accept(service, owner, text, each, how, None, callback)).task
            tasks.append(BatchItem(task_id=task.id, status="queued"))
        except Refusal as refusal:
            if not tasks:
                raise
            task_id = refusal.details.get("task_id")
            tasks.append(
                BatchItem(task_id=task_id, status="refused", error=refusal.message, code=refusal.code)
            )
    taken = sum(task.status == "queued" for task in tasks)
    note(request, texts=len(tasks), queued=taken)
    return Batch(total=taken, tasks=tasks)


async def _chosen(service: Service, text: str, asked: SpeechOptions) -> SpeechOptions:
    speakers = await service.voices.recent()
    # In a thread, because checking a long text takes a moment.
    longest = service.settings.max_text_characters
    return await asyncio.to_thread(speech_options.for_speakers, text, asked, speakers, longest)


async def _accept(
    service: Service,
    owner: str,
    text: str,
    chosen: SpeechOptions,
    how: SubmissionOptions,
    key: str | None,
    callback: str | None,
) -> Submission:
    await asyncio.to_thread(disk.check_space, service.settings)
    texts = service.texts[SPEECH.name]
    entry = await texts.check_entry(owner, key)
    return await texts.accept(entry, text, intake.Request(owner, chosen, how.priority, key, callback))
