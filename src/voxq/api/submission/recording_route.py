"""Submission of a recording: the route of every kind that is made from one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from voxq.api import errors, openapi
from voxq.api.callers.auth import Owner
from voxq.api.direct_route import DirectRoute
from voxq.api.service import Service, TheService
from voxq.api.shapes.submission import Submitted
from voxq.api.submission import idempotency, upload
from voxq.api.submission.idempotency import IdempotencyKey
from voxq.api.submission.submitted import answered
from voxq.core.options import Options
from voxq.core.request_reader import RequestReader
from voxq.kinds import Kind
from voxq.tasks import intake


@dataclass(frozen=True, slots=True)
class Choice:
    """Checks of a request's options against what there is at the moment. Both functions raise Refusal."""

    check: Callable[[Any], object]
    """Check the first options, while others may still come."""
    choose: Callable[[Any], Options]
    """Check all options, and return those of the task."""


async def as_asked(service: Service) -> Choice:
    """Return the choice of a kind without one: the options stay as they are."""
    return Choice(check=lambda asked: None, choose=lambda asked: asked)


def router_of(kind: Kind, choice: Callable[[Service], Awaitable[Choice]] = as_asked) -> APIRouter:
    """Create `POST /api/v1/{kind}/submit`, which takes a form with a recording and the declared options."""
    router = APIRouter(prefix=f"/api/v1/{kind.name}", tags=[kind.name], route_class=DirectRoute)
    file = {
        upload.FIELD: {
            "type": "string",
            "format": "binary",
            "description": f"The {kind.noun}, of any supported format; its content counts and not its name.",
        }
    }
    reader = RequestReader(kind.options, elsewhere=file)

    @router.post(
        "/submit",
        summary=f"Submit a {kind.noun}",
        description=f"Stream a {kind.noun} to disk, check it and queue it; fetch its result by the "
        "`task_id`.",
        response_model=Submitted,
        responses=errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 507),
        openapi_extra=openapi.body("multipart/form-data", reader.form_schema(file)),
    )
    async def submit(
        request: Request,
        service: TheService,
        owner: Owner,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        key = idempotency.checked(idempotency_key)
        limits = upload.Limits.of(service.settings)
        upload.check_size(request, limits)
        recordings = service.recordings[kind.name]
        entry = await recordings.check_entry(owner, key)
        there = await choice(service)
        webhooks = service.settings.registered_webhooks

        def check(fields: Mapping[str, str]) -> None:
            if not fields.keys() >= reader.required:
                return  # they may still come
            asked = reader.form(fields)
            there.check(asked.options)
            asked.submission.webhook(webhooks)

        def read(fields: Mapping[str, str]) -> tuple[intake.Request, bool]:
            """Return the request, and whether an earlier result may answer it."""
            asked = reader.form(fields)
            options, how = there.choose(asked.options), asked.submission
            return intake.Request(owner, options, how.priority, key, how.webhook(webhooks)), how.cache

        async with upload.received(request, service.parts.blobs, limits, check) as received:
            wanted, may_reuse = read(received.fields)
            received.is_taken = True
            submission = await recordings.accept(entry, received.upload, wanted)
        return await answered(request, service, submission, may_reuse=may_reuse)

    return router
