"""Taking texts in."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from voxq.api import errors
from voxq.api.access_log import note
from voxq.api.callers.auth import Owner
from voxq.api.limits import disk
from voxq.api.service import Service, TheService
from voxq.api.shapes.submission import Batch, BatchItem, Submitted
from voxq.api.submission import options, reuse, speech_options
from voxq.api.submission.body import TheBody, bytes_for
from voxq.api.submission.speech_options import HowToSpeak, ManyTexts, OneText
from voxq.api.submission.submitted import submitted, submitted_or_reused
from voxq.core.refusal import Refusal
from voxq.kinds.speech import SPEECH, SpeechOptions
from voxq.tasks import intake
from voxq.tasks.intake import Submission

router = APIRouter(prefix=f"/api/v1/{SPEECH.name}", tags=[SPEECH.name])

_BATCH_BYTES = 32 << 20


def _json(shape: type[BaseModel]) -> dict[str, Any]:
    schema = shape.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    schema["properties"]["priority"] = {
        "type": "string",
        "enum": ["high", "normal", "low"],
        "default": "normal",
    }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/submit",
    summary="Submit a text",
    response_model=Submitted,
    responses=errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 507),
    openapi_extra=_json(OneText),
)
async def submit(
    request: Request,
    service: TheService,
    owner: Owner,
    body: TheBody,
    idempotency_key: options.IdempotencyKey = None,
) -> Response:
    """The text is checked and queued; ask for its result, and its audio, by the `task_id`."""
    key = options.idempotency_key(idempotency_key)
    longest = service.settings.max_text_characters
    wanted = await body.read(request, OneText, bytes_for(longest))
    callback = speech_options.callback(wanted, service.settings.registered_webhooks)
    chosen = await _options(service, wanted.text, wanted)
    submission = await _accept(service, owner, chosen, wanted, key, callback)
    if not wanted.cache or submission.replayed:
        return await submitted(request, service, submission.task, submission.place)
    fingerprint = await reuse.of_text(service, owner, chosen)
    return await submitted_or_reused(request, service, submission, fingerprint)


@router.post(
    "/batch",
    summary="Submit many texts",
    response_model=Batch,
    response_model_exclude_unset=True,
    responses=errors.documented(400, 401, 403, 404, 408, 413, 422, 429, 503, 507),
    openapi_extra=_json(ManyTexts),
)
async def batch(request: Request, service: TheService, owner: Owner, body: TheBody) -> Batch:
    """A task for each, all spoken alike. Nothing is queued unless every text can be spoken.

    When the queue is full in the middle, the texts that were not taken say so.
    """
    wanted = await body.read(request, ManyTexts, _BATCH_BYTES)
    callback = speech_options.callback(wanted, service.settings.registered_webhooks)
    chosen: list[SpeechOptions] = []
    for number, text in enumerate(wanted.texts):
        try:
            chosen.append(await _options(service, text, wanted))
        except Refusal as refusal:
            details = refusal.details | {"index": number}
            raise Refusal(refusal.code, f"texts.{number}: {refusal.message}", **details) from None
    tasks: list[BatchItem] = []
    for each in chosen:
        try:
            task = (await _accept(service, owner, each, wanted, None, callback)).task
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


async def _options(service: Service, text: str, how: HowToSpeak) -> SpeechOptions:
    speakers = await service.voices.recent()
    # In a thread: a long text takes a moment to look through.
    longest = service.settings.max_text_characters
    return await asyncio.to_thread(speech_options.tts_options, text, how, speakers, longest)


async def _accept(
    service: Service,
    owner: str,
    chosen: SpeechOptions,
    how: HowToSpeak,
    key: str | None,
    callback: str | None,
) -> Submission:
    await asyncio.to_thread(disk.check_space, service.settings)
    entry = await service.texts.check_entry(owner, key)
    return await service.texts.accept(entry, intake.Request(owner, chosen, how.priority, key, callback))
