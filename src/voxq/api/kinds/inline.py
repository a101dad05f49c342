"""Submission of tasks whose kind is made from a text and has no routes of its own."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from voxq.api import errors
from voxq.api.callers.auth import Owner
from voxq.api.limits import disk
from voxq.api.service import TheService
from voxq.api.shapes.submission import Submitted
from voxq.api.submission import options, reuse
from voxq.api.submission.body import TheBody, bytes_for
from voxq.api.submission.submitted import submitted, submitted_or_reused
from voxq.core.refusal import Refusal
from voxq.core.request_reader import RequestReader
from voxq.kinds import Kind
from voxq.tasks import intake

TextField = Annotated[str, Field(description="Text that the task is made from.")]


def router_of(kind: Kind) -> APIRouter:
    """Create `POST /api/v1/{kind}/submit`, which takes a text and the declared options as a JSON body."""
    router = APIRouter(prefix=f"/api/v1/{kind.name}", tags=[kind.name])
    reader = RequestReader(kind.options, besides={"text": TextField})
    body_shape = {"content": {"application/json": {"schema": reader.json_schema()}}, "required": True}

    @router.post(
        "/submit",
        summary=f"Submit a {kind.noun}",
        response_model=Submitted,
        responses=errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 507),
        openapi_extra={"requestBody": body_shape},
    )
    async def submit(
        request: Request,
        service: TheService,
        owner: Owner,
        body: TheBody,
        idempotency_key: options.IdempotencyKey = None,
    ) -> Response:
        """Check a text and queue it; fetch its result by the `task_id`."""
        key = options.idempotency_key(idempotency_key)
        longest = service.settings.max_text_characters
        asked = await body.read(request, reader, bytes_for(longest))
        text = asked.besides["text"]
        if len(text) > longest:
            raise Refusal("too_long", f"A {kind.noun} may have {longest} characters")
        how = asked.submission
        callback = how.webhook(service.settings.registered_webhooks)
        await asyncio.to_thread(disk.check_space, service.settings)
        texts = service.texts[kind.name]
        entry = await texts.check_entry(owner, key)
        wanted = intake.Request(owner, asked.options, how.priority, key, callback)
        submission = await texts.accept(entry, text, wanted)
        if not how.cache or submission.replayed:
            return await submitted(request, service, submission.task, submission.place)
        fingerprint = await reuse.of_text(service, kind, owner, text, asked.options)
        return await submitted_or_reused(request, service, submission, fingerprint)

    return router
