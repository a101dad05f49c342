"""Submission of a text: the route of every kind that is made from one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from voxq.api import errors, openapi
from voxq.api.callers.auth import Owner
from voxq.api.service import Service, TheService
from voxq.api.shapes.submission import Submitted
from voxq.api.submission import idempotency, texts
from voxq.api.submission.body import TheBody, bytes_for
from voxq.api.submission.idempotency import IdempotencyKey
from voxq.api.submission.submitted import answered
from voxq.core.options import Options
from voxq.core.request_reader import Asked, RequestReader
from voxq.kinds import Kind
from voxq.tasks import intake

Choose = Callable[[Service, str, Asked[Any]], Awaitable[tuple[str, Options]]]
"""Function that checks a caller's request, and returns the text and the options of its task. Raises Refusal
and RedisError."""

TextField = Annotated[str, Field(description="Text that the task is made from.")]


def router_of(
    kind: Kind,
    fields: Mapping[str, Any] = MappingProxyType({"text": TextField}),
    choose: Choose | None = None,
) -> APIRouter:
    """Create `POST /api/v1/{kind}/submit`, which takes a text and the declared options as a JSON body.

    `fields`: those beside the options, as a `RequestReader` takes them. `choose`: by default, the text's
    length is checked and the options stay as they are.
    """
    router = APIRouter(prefix=f"/api/v1/{kind.name}", tags=[kind.name])
    reader = RequestReader(kind.options, besides=fields)

    async def as_asked(service: Service, owner: str, asked: Asked[Any]) -> tuple[str, Options]:
        text = asked.besides["text"]
        texts.check_length(kind, text, service.settings.max_text_characters)
        return text, asked.options

    chosen = choose or as_asked
    results = "its result and its audio" if kind.makes_file else "its result"

    @router.post(
        "/submit",
        summary=f"Submit a {kind.noun}",
        description=f"Check a {kind.noun} and queue it; fetch {results} by the `task_id`.",
        response_model=Submitted,
        responses=errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 507),
        openapi_extra=openapi.body("application/json", reader.json_schema()),
    )
    async def submit(
        request: Request,
        service: TheService,
        owner: Owner,
        body: TheBody,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        key = idempotency.checked(idempotency_key)
        asked = await body.read(request, reader, bytes_for(service.settings.max_text_characters))
        how = asked.submission
        callback = how.webhook(service.settings.registered_webhooks)
        text, options = await chosen(service, owner, asked)
        wanted = intake.Request(owner, options, how.priority, key, callback)
        submission = await texts.accept(service, kind, text, wanted)
        return await answered(request, service, submission, may_reuse=how.cache)

    return router
