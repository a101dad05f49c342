"""`POST /api/v1/extract-embedding`: a recording's voice as a vector, which is the response to its request.

The recording waits in the queue like any other, and a repeated request finds the result of the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from voxq.api import errors, openapi
from voxq.api.access_log import note
from voxq.api.kinds.voiceprint.shapes import Extracted
from voxq.api.openai.beginning import begin
from voxq.api.openai.waiting import Waiting, document_of, end_of
from voxq.api.service import Service, TheService
from voxq.api.submission import reuse, upload
from voxq.core.request_reader import RequestReader
from voxq.core.submission import SubmissionOptions
from voxq.core.task import Priority, Task, short_id
from voxq.kinds.voiceprint import VOICEPRINT, VoiceprintOptions
from voxq.tasks import intake

router = APIRouter(prefix="/api/v1", tags=["voiceprints"])

FILE: Mapping[str, Any] = {
    upload.FIELD: {
        "type": "string",
        "format": "binary",
        "description": "The recording, of any supported format; its content counts and not its name.",
    }
}
WAITING_ERRORS = errors.documented(400, 401, 403, 404, 408, 409, 410, 413, 422, 429, 500, 503, 504, 507)


def waiting_reader(besides: Mapping[str, Any] | None = None) -> RequestReader[VoiceprintOptions]:
    """Return the reader of forms that wait for their result, in the high lane."""
    fixed = {name: each.default for name, each in SubmissionOptions.declared().items()}
    fixed |= {"priority": Priority.HIGH, "cache": True}
    return RequestReader(VoiceprintOptions, fixed=fixed, besides=besides, elsewhere=FILE)


_READER = waiting_reader()


@dataclass(frozen=True, slots=True)
class Voice:
    """The voice of a recording, as the result of its task has it; `besides` are other fields of the form."""

    embedding: Mapping[str, Any]
    duration: float
    besides: Mapping[str, Any]


@router.post(
    "/extract-embedding",
    summary="Turn a recording's voice into a vector",
    responses=WAITING_ERRORS,
    openapi_extra=openapi.body("multipart/form-data", _READER.form_schema(FILE)),
)
async def extract_embedding(
    request: Request, response: Response, service: TheService, owner: Waiting
) -> Extracted:
    """Extract the vector of the only speaker of a recording, which needs 3 s of speech at least. Waits for
    the result; the same request repeated after a lost connection finds its task. Nothing is kept of it
    besides the result of the task."""
    voice = await extracted(request, response, service, owner, _READER)
    found = voice.embedding
    return Extracted(
        embedding=found["vector"],
        model=found["model"],
        revision=found["revision"],
        duration=voice.duration,
        speech_seconds=found["speech_seconds"],
        quality=found["quality"],
    )


async def extracted(
    request: Request,
    response: Response,
    service: Service,
    owner: str,
    reader: RequestReader[VoiceprintOptions],
    check: Callable[[Mapping[str, Any]], object] = lambda besides: None,
) -> Voice:
    """Receive a form, and wait for the vector of its recording. `check` gets the fields besides the options
    as soon as they can be read.

    Raises AudioError and Refusal as the intake of recordings does and as `end_of`, TaskFailed, RedisError.
    """
    limits = upload.Limits.of(service.settings)
    upload.check_size(request, limits)
    entry = await service.recordings[VOICEPRINT.name].check_entry(owner, None, may_find=True)

    def check_form(fields: Mapping[str, str]) -> None:
        if fields.keys() >= reader.required:
            check(reader.form(fields).besides)

    async with upload.received(request, service.parts.blobs, limits, check_form) as received:
        asked = reader.form(received.fields)
        check(asked.besides)
        wanted = intake.Request(owner, asked.options, asked.submission.priority)
        digest = received.upload.sha256
        fingerprint = await reuse.fingerprint_of(service, VOICEPRINT, owner, asked.options, sha256=digest)

        async def accept() -> Task:
            return (await service.recordings[VOICEPRINT.name].accept(entry, received.upload, wanted)).task

        begun = await begin(service, VOICEPRINT.name, owner, fingerprint, accept, may_reuse=True)
        received.is_taken = begun.cache == "miss"
    note(request, task=short_id(begun.task_id), cache=begun.cache)
    response.headers.update(begun.headers)
    document = document_of(await end_of(service, begun, request))
    return Voice(document["embedding"], round(document["duration"], 3), asked.besides)
