"""Voiceprints: voices that are to be known again, each of one API key."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from voxq.api import errors, openapi
from voxq.api.callers.auth import Owner
from voxq.api.kinds.voiceprint import kept, views
from voxq.api.kinds.voiceprint.extraction import FILE
from voxq.api.kinds.voiceprint.shapes import (
    AuditLine,
    Erased,
    Exported,
    Rename,
    SampleView,
    TheId,
    VoiceprintList,
    VoiceprintSubmitted,
    VoiceprintView,
)
from voxq.api.service import Service, TheService
from voxq.api.shapes.names import ShownName
from voxq.api.submission import idempotency, upload
from voxq.api.submission.body import TheBody
from voxq.api.submission.idempotency import IdempotencyKey
from voxq.api.submission.submitted import submitted
from voxq.core.request_reader import RequestReader
from voxq.core.task import utc
from voxq.kinds.voiceprint import VOICEPRINT, VoiceprintOptions
from voxq.tasks import intake
from voxq.voiceprints.voiceprint import LONGEST_CONSENT, Consent, Sample, Voiceprint

router = APIRouter(prefix="/api/v1/voiceprints", tags=["voiceprints"])

_MOST_BYTES = 16 << 10
_PERSON: Mapping[str, Any] = {
    "name": (
        Annotated[ShownName, Field(description="What you call the voice.")],
        ...,
    ),
    "consent_by": (
        Annotated[
            str,
            Field(min_length=1, max_length=200, description="Who agrees: the person whose voice it is."),
        ],
        ...,
    ),
    "consent": (
        Annotated[
            str,
            Field(
                min_length=1, max_length=LONGEST_CONSENT, description="What the person agreed to, in words."
            ),
        ],
        ...,
    ),
}
_FIXED = {"cache": False}
_NEW = RequestReader(VoiceprintOptions, fixed=_FIXED, besides=_PERSON, elsewhere=FILE)
_MORE = RequestReader(VoiceprintOptions, fixed=_FIXED, elsewhere=FILE)
_SUBMISSION_ERRORS = errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 507)
_ERRORS = errors.documented(400, 401, 403, 404, 422, 503)


@router.post(
    "",
    summary="Create a voiceprint",
    response_model=VoiceprintSubmitted,
    responses=_SUBMISSION_ERRORS,
    openapi_extra=openapi.body("multipart/form-data", _NEW.form_schema(FILE)),
)
async def create(
    request: Request, service: TheService, owner: Owner, idempotency_key: IdempotencyKey = None
) -> Response:
    """Create a voiceprint from a recording of one person who agrees. The recording is a task; the voiceprint
    is ready when that is done. More recordings make it better, see below."""
    key = idempotency.checked(idempotency_key)

    async def voiceprint(besides: Mapping[str, Any]) -> tuple[Voiceprint, int]:
        now = time.time()
        consent = Consent(besides["consent_by"], besides["consent"], now)
        new = Voiceprint(kept.id_for(owner, key), owner, besides["name"], now, consent)
        return await kept.created(service, new), 1

    return await _submit(request, service, owner, key, _NEW, voiceprint)


@router.post(
    "/{id}/recordings",
    summary="Add a recording to a voiceprint",
    response_model=VoiceprintSubmitted,
    responses=_SUBMISSION_ERRORS,
    openapi_extra=openapi.body("multipart/form-data", _MORE.form_schema(FILE)),
)
async def add_recording(
    request: Request,
    service: TheService,
    owner: Owner,
    id: TheId,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Add a recording of the same person to the latest version: its vector is then the mean of all of them.
    Another voice is refused."""

    async def voiceprint(besides: Mapping[str, Any]) -> tuple[Voiceprint, int]:
        found = await kept.found(service, owner, id)
        return found, max(1, found.version)

    await kept.found(service, owner, id)  # before a recording has been sent
    return await _submit(request, service, owner, idempotency.checked(idempotency_key), _MORE, voiceprint)


@router.post(
    "/{id}/versions",
    summary="Replace a voiceprint by a new version",
    response_model=VoiceprintSubmitted,
    responses=_SUBMISSION_ERRORS,
    openapi_extra=openapi.body("multipart/form-data", _MORE.form_schema(FILE)),
)
async def add_version(
    request: Request,
    service: TheService,
    owner: Owner,
    id: TheId,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Replace a voiceprint by what a new recording makes: as soon as that is done, nothing is compared with
    the version before. A voiceprint of another model is brought up to date in this way."""

    async def voiceprint(besides: Mapping[str, Any]) -> tuple[Voiceprint, int]:
        found = await kept.found(service, owner, id)
        return found, found.version + 1

    await kept.found(service, owner, id)
    return await _submit(request, service, owner, idempotency.checked(idempotency_key), _MORE, voiceprint)


@router.get("", summary="List voiceprints", responses=errors.documented(401, 403, 503))
async def listed(service: TheService, owner: Owner) -> VoiceprintList:
    """List the voiceprints of the caller's key, the oldest first."""
    every = await kept.every(service, owner)
    return VoiceprintList(
        total=len(every), voiceprints=[await views.described(service, each) for each in every]
    )


@router.get(
    "/{id}",
    operation_id="get_voiceprint",
    summary="Get a voiceprint",
    response_model_exclude_unset=True,
    responses=_ERRORS,
)
async def get(
    service: TheService,
    owner: Owner,
    id: TheId,
    vector: Annotated[bool, Query(description="Whether to include the vector.")] = False,
) -> VoiceprintView:
    """Get a voiceprint, and whether it is ready."""
    return await views.described(service, await kept.found(service, owner, id), vector=vector)


@router.patch(
    "/{id}",
    summary="Rename a voiceprint",
    response_model_exclude_unset=True,
    responses=errors.documented(400, 401, 403, 404, 408, 413, 422, 503),
    openapi_extra=openapi.body("application/json", Rename.model_json_schema()),
)
async def rename(
    request: Request, service: TheService, owner: Owner, id: TheId, body: TheBody
) -> VoiceprintView:
    """Change the name of a voiceprint."""
    await kept.found(service, owner, id)
    given = await body.read_model(request, Rename, _MOST_BYTES)
    return await views.described(service, await kept.renamed(service, owner, id, given.name))


@router.delete("/{id}", summary="Delete a voiceprint", responses=_ERRORS)
async def delete(service: TheService, owner: Owner, id: TheId) -> Erased:
    """Erase a voiceprint: its name, consent and vectors, and the recordings, results and history of the tasks
    that it was made by. A task that is still at work is cancelled."""
    return Erased(voiceprint_id=id, deleted=True, tasks_erased=await kept.erased(service, owner, id))


@router.get("/{id}/export", summary="Export a voiceprint", responses=_ERRORS)
async def export(service: TheService, owner: Owner, id: TheId) -> Exported:
    """Export all that is kept of a voiceprint: vectors, consent, and what was done with it."""
    found = await kept.found(service, owner, id)
    audit = service.parts.voiceprints.audit
    await asyncio.to_thread(audit.add, "exported", id, owner)
    lines = await asyncio.to_thread(lambda: list(audit.of(id)))
    return Exported(
        voiceprint_id=found.id,
        name=found.name,
        owner=found.owner,
        created_at=utc(found.created),
        consent=views.consent_of(found.consent),
        samples=[_sample(each) for each in found.samples],
        tasks=list(found.tasks),
        audit=[AuditLine(at=utc(line.at), action=line.action, by=line.by) for line in lines],
    )


async def _submit(
    request: Request,
    service: Service,
    owner: str,
    key: str | None,
    reader: RequestReader[VoiceprintOptions],
    voiceprint_for: Any,
) -> Response:
    """Receive a recording for a voiceprint and accept it as a task. `voiceprint_for` returns the voiceprint
    and the version that it is for, given the other fields of the form."""
    limits = upload.Limits.of(service.settings)
    upload.check_size(request, limits)
    recordings = service.recordings[VOICEPRINT.name]
    entry = await recordings.check_entry(owner, key)
    webhooks = service.settings.registered_webhooks

    def check(fields: Mapping[str, str]) -> None:
        if fields.keys() >= reader.required:
            reader.form(fields).submission.webhook(webhooks)

    async with upload.received(request, service.parts.blobs, limits, check) as received:
        asked = reader.form(received.fields)
        webhook = asked.submission.webhook(webhooks)
        found, version = await voiceprint_for(asked.besides)
        kept.check_tasks(found)
        if entry.known_id is not None:  # a repeated request is for the version that it was for then
            version = await asyncio.to_thread(_version_of, service, entry.known_id) or version
        options = replace(asked.options, voiceprint_id=found.id, version=version)
        received.is_taken = True
        wanted = intake.Request(owner, options, asked.submission.priority, key, webhook)
        try:
            submission = await recordings.accept(entry, received.upload, wanted)
        except BaseException:
            await kept.withdrawn(service, found)
            raise
    await kept.with_task(service, owner, found.id, submission.task.id)
    answer = await submitted(request, service, submission.task, submission.place)
    told = json.loads(bytes(answer.body)) | {"voiceprint_id": found.id, "version": version}
    return JSONResponse(told)


def _sample(sample: Sample) -> SampleView:
    facts: dict[str, Any] = asdict(sample) | {"at": utc(sample.at)}
    return SampleView(**facts)


def _version_of(service: Service, task_id: str) -> int | None:
    """Return the version of a voiceprint that a task is for; None if the task is gone."""
    end = service.parts.journal.last_end(task_id)
    task = service.parts.journal.open_task(task_id) or (end.task if end else None)
    return task.options.version if task and isinstance(task.options, VoiceprintOptions) else None
