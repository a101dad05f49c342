"""Texts as QuQu's clients have them optimized: the response to a request is the text."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from voxq.api import openapi
from voxq.api.access_log import note
from voxq.api.openai.beginning import Begun, begin
from voxq.api.openai.waiting import Waiting, document_of, end_of
from voxq.api.ququ import errors, optimizing
from voxq.api.ququ.optimizing import DEFAULT, ModeField, Optimized, PromptField
from voxq.api.service import Service, TheService
from voxq.api.submission import reuse, texts
from voxq.api.submission.body import TheBody, bytes_for
from voxq.core.refusal import invalid
from voxq.core.task import Task, short_id
from voxq.kinds.text import TEXT_KIND, TextOptions
from voxq.locale import Message
from voxq.queue.enqueueing import EntryCheck
from voxq.tasks import intake

router = APIRouter(prefix="/api/llm", tags=["ququ"])

_READER = optimizing.reader(
    TextOptions,
    own=(),
    besides={
        "text": (Annotated[str, Field(description="The text to optimize.")], ...),
        "mode": (ModeField, DEFAULT),
        "custom_prompt": (PromptField, ""),
    },
)


@router.post(
    "/optimize",
    summary="Optimize a text for QuQu",
    response_model_exclude_unset=True,
    responses=errors.documented(400, 401, 403, 408, 409, 413, 422, 429, 500, 502, 503, 504, 507),
    openapi_extra=openapi.body("application/json", _READER.json_schema()),
)
async def optimize(
    request: Request, response: Response, service: TheService, owner: Waiting, body: TheBody
) -> Optimized:
    """Clean up a text with the operator's language model. Waits for the text; the same request repeated
    after a lost connection finds its task."""
    entry = await service.texts[TEXT_KIND.name].check_entry(owner, None, may_find=True)
    longest = service.settings.max_text_characters
    asked = await body.read(request, _READER, bytes_for(longest))
    text, mode, prompt = (asked.besides[name] for name in ("text", "mode", "custom_prompt"))
    if not text.strip():
        raise invalid("text", Message("is empty"))
    texts.check_length(TEXT_KIND, text, longest)
    optimizing.check(mode, prompt, (await service.models.recent()).providers, "mode")
    options = replace(asked.options, mode=mode, prompt=prompt)
    wanted = intake.Request(owner, options, asked.submission.priority)
    begun = await _begin(service, entry, text, wanted)
    note(request, task=short_id(begun.task_id), cache=begun.cache)
    document = document_of(await end_of(service, begun, request))
    response.headers.update(begun.headers)
    return Optimized(success=True, **optimizing.facts(text, mode, document))


async def _begin(service: Service, entry: EntryCheck, text: str, wanted: intake.Request) -> Begun:
    """Find a reusable task for a text, or make it a new one. Raises as the intake of texts does, and
    RedisError."""
    owner = wanted.owner
    fingerprint = await reuse.fingerprint_of(service, TEXT_KIND, owner, wanted.options, text=text)

    async def accept() -> Task:
        return (await texts.accept(service, TEXT_KIND, text, wanted, entry)).task

    return await begin(service, TEXT_KIND.name, owner, fingerprint, accept, may_reuse=True)


errors.shape(router)
