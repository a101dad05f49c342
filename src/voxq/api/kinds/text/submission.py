"""Submission of texts to be rewritten: given as such, or as the transcript of a task."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from voxq.api import errors, lookup, openapi, rewriters, views
from voxq.api.callers.auth import Owner
from voxq.api.rewriters import Wish
from voxq.api.service import Service, TheService
from voxq.api.shapes.submission import Submitted
from voxq.api.submission import idempotency, texts
from voxq.api.submission.body import TheBody, bytes_for
from voxq.api.submission.idempotency import IdempotencyKey
from voxq.api.submission.submitted import answered
from voxq.core.refusal import Refusal, invalid
from voxq.core.request_reader import RequestReader
from voxq.core.task import Status
from voxq.kinds import first
from voxq.kinds.text import TEXT_KIND, TextOptions
from voxq.locale import Message
from voxq.rewriting.request import Mode
from voxq.tasks import intake

router = APIRouter(prefix=f"/api/v1/{TEXT_KIND.name}", tags=[TEXT_KIND.name])

_TextField = Annotated[str, Field(description="The text; or give `task_id`.")]
_TaskField = Annotated[
    str, Field(description="Id of a transcription that is done: its transcript is the text.")
]
_READER = RequestReader(TextOptions, besides={"text": (_TextField, ""), "task_id": (_TaskField, "")})


@router.post(
    "/submit",
    summary="Submit a text to be rewritten",
    description="Check a text and queue it; fetch its result by the `task_id`.",
    response_model=Submitted,
    responses=errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 507),
    openapi_extra=openapi.body("application/json", _READER.json_schema()),
)
async def submit(
    request: Request,
    service: TheService,
    owner: Owner,
    body: TheBody,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    key = idempotency.checked(idempotency_key)
    longest = service.settings.max_text_characters
    asked = await body.read(request, _READER, bytes_for(longest))
    text, options = asked.besides["text"], await _checked(service, asked.options)
    if bool(text.strip()) == bool(asked.besides["task_id"]):
        raise invalid("text", Message("is needed, or else task_id"))
    if asked.besides["task_id"]:
        text, options = await _of_transcript(service, owner, asked.besides["task_id"], options)
    texts.check_length(TEXT_KIND, text, longest)
    how = asked.submission
    callback = how.webhook(service.settings.registered_webhooks)
    wanted = intake.Request(owner, options, how.priority, key, callback)
    submission = await texts.accept(service, TEXT_KIND, text, wanted)
    return await answered(request, service, submission, may_reuse=how.cache)


async def _checked(service: Service, asked: TextOptions) -> TextOptions:
    """Check what is to be made of the text. Raises Refusal and RedisError as `rewriters.checked`."""
    wish = Wish(Mode(asked.mode), asked.provider, asked.target, asked.prompt)
    wish = rewriters.checked(wish, (await service.models.recent()).providers)
    return replace(asked, target=wish.target, language=rewriters.language_code("language", asked.language))


async def _of_transcript(
    service: Service, owner: str, task_id: str, asked: TextOptions
) -> tuple[str, TextOptions]:
    """Return the text of a task's transcript and the options with its language and, for a summary, its times.

    Raises Refusal ("not_found"; "not_done") and RedisError.
    """
    found = await lookup.find(service, first().name, owner, task_id)
    if found.status is not Status.DONE:
        raise Refusal(
            "not_done",
            Message("There is no transcript: the task is {status}", status=found.status),
            status=found.status.value,
        )
    transcript = views.transcript(found.document)
    if not transcript.text:
        raise invalid("task_id", Message("names a transcript without a word"))
    is_timed = asked.mode == Mode.SUMMARY
    segments = tuple((each.start, each.end, each.text) for each in transcript.segments if is_timed)
    return transcript.text, replace(asked, language=asked.language or transcript.language, segments=segments)
