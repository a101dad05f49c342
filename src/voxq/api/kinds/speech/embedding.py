"""Speech under the names of the original interface: in the voice most like a vector, and many at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from voxq.api import errors, openapi
from voxq.api.callers.auth import Owner
from voxq.api.kinds.speech import matching
from voxq.api.kinds.speech.submission import MANY_TEXTS, among_speakers, batch
from voxq.api.service import TheService
from voxq.api.shapes.submission import Batch, Submitted
from voxq.api.submission import idempotency, texts
from voxq.api.submission.body import TheBody, bytes_for
from voxq.api.submission.idempotency import IdempotencyKey
from voxq.api.submission.submitted import answered
from voxq.core.request_reader import RequestReader
from voxq.kinds.speech import SPEECH, SpeechOptions, TextField
from voxq.tasks import intake

_LONGEST_VECTOR = 1024

_READER = RequestReader(
    SpeechOptions,
    fixed={"voice": ""},
    besides={
        "text": TextField,
        "vector": Annotated[
            list[float],
            Field(
                min_length=1,
                max_length=_LONGEST_VECTOR,
                description="Vector of unit length from `POST /api/v1/extract-embedding`.",
            ),
        ],
        "revision": Annotated[str, Field(description="Its `revision` from there.")],
    },
)

router = APIRouter(prefix="/api/v1", tags=[SPEECH.name])


@router.post(
    "/synthesize-with-embedding",
    summary="Speak a text in the voice most like a vector",
    response_model=Submitted,
    responses=errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 507),
    openapi_extra=openapi.body("application/json", _READER.json_schema()),
)
async def synthesize(
    request: Request,
    service: TheService,
    owner: Owner,
    body: TheBody,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Queue a text to be spoken by the voice here that is most like a vector: a voice match, no clone.

    The result says which voice it is and how similar.
    """
    key = idempotency.checked(idempotency_key)
    asked = await body.read(request, _READER, bytes_for(service.settings.max_text_characters))
    given, how = asked.besides, asked.submission
    text = given["text"]
    matched = await matching.of_vector(service, given["vector"], given["revision"], text, asked.options)
    options = await among_speakers(service, text, matched)
    callback = how.webhook(service.settings.registered_webhooks)
    wanted = intake.Request(owner, options, how.priority, key, callback)
    submission = await texts.accept(service, SPEECH, text, wanted)
    return await answered(request, service, submission, may_reuse=how.cache)


router.add_api_route(
    "/batch-synthesize",
    batch,
    methods=["POST"],
    summary="Submit many texts, as /api/v1/tts/batch does",
    response_model=Batch,
    response_model_exclude_unset=True,
    responses=errors.documented(400, 401, 403, 404, 408, 413, 422, 429, 503, 507),
    openapi_extra=openapi.body("application/json", MANY_TEXTS.json_schema()),
)
