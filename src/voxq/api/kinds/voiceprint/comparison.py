"""Comparison of a voice with voiceprints: of a recording, or of a vector that was extracted before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from voxq.api import openapi
from voxq.api.kinds.voiceprint import kept
from voxq.api.kinds.voiceprint.extraction import FILE, WAITING_ERRORS, extracted, waiting_reader
from voxq.api.kinds.voiceprint.shapes import Candidate, Identified, TheId, Verified
from voxq.api.openai.waiting import Waiting
from voxq.api.service import Service, TheService
from voxq.api.submission.body import Body, TheBody
from voxq.core.refusal import Refusal
from voxq.locale import Message
from voxq.voiceprints import comparing
from voxq.voiceprints.comparing import SAME_SPEAKER, Gallery, Incomparable, Match
from voxq.voiceprints.voiceprint import Vector

router = APIRouter(prefix="/api/v1/voiceprints", tags=["voiceprints"])

_MOST_BYTES = 256 << 10
_Threshold = Annotated[
    float,
    Field(ge=-1, le=1, description="Similarity from which on it counts as the same speaker."),
]
_READER = waiting_reader({"threshold": (_Threshold, SAME_SPEAKER)})


class Given(BaseModel, extra="forbid"):
    """A vector that was extracted before."""

    vector: list[float] = Field(min_length=1, max_length=4096, description="`embedding` of an extraction.")
    revision: str = Field(min_length=1, max_length=200, description="`revision` of an extraction.")
    threshold: _Threshold = SAME_SPEAKER


@dataclass(frozen=True, slots=True)
class _Voice:
    """A voice to compare, and the similarity that is asked for."""

    vector: Vector
    revision: str
    threshold: float


_BODY: dict[str, Any] = openapi.body("multipart/form-data", _READER.form_schema(FILE))
_BODY["requestBody"]["content"]["application/json"] = {"schema": Given.model_json_schema()}


@router.post("/identify", summary="Find out whose voice it is", responses=WAITING_ERRORS, openapi_extra=_BODY)
async def identify(
    request: Request, response: Response, service: TheService, owner: Waiting, body: TheBody
) -> Identified:
    """Compare the voice of a recording (a form), or a vector (JSON), with all voiceprints of the caller's
    key."""
    voice = await _voice(request, response, service, owner, body)
    every = await kept.every(service, owner)

    def search() -> tuple[int, list[Match]]:
        gallery = Gallery(every, voice.revision)
        _check(voice, voice.revision, gallery.length)
        return len(gallery), gallery.matches(voice.vector)

    compared, matches = await asyncio.to_thread(search)
    candidates = [
        Candidate(voiceprint_id=each.voiceprint.id, name=each.voiceprint.name, similarity=each.similarity)
        for each in matches
    ]
    is_known = bool(candidates) and candidates[0].similarity >= voice.threshold
    return Identified(
        match=candidates[0] if is_known else None,
        candidates=candidates,
        threshold=voice.threshold,
        compared=compared,
        skipped=len(every) - compared,
    )


@router.post(
    "/{id}/verify",
    summary="Check whether it is the voice of a voiceprint",
    responses=WAITING_ERRORS,
    openapi_extra=_BODY,
)
async def verify(
    request: Request,
    response: Response,
    service: TheService,
    owner: Waiting,
    body: TheBody,
    id: TheId,
) -> Verified:
    """Compare the voice of a recording (a form), or a vector (JSON), with one voiceprint."""
    await kept.found(service, owner, id)  # before a recording has been sent
    voice = await _voice(request, response, service, owner, body)
    found = await kept.found(service, owner, id)
    if not found.is_ready:
        raise Refusal("not_ready", Message("The voiceprint has no vector yet"), voiceprint_id=id)
    vector = _check(voice, found.revision, len(found.vector))
    similarity = round(comparing.similarity(vector, found.vector), 4)
    return Verified(
        match=similarity >= voice.threshold,
        similarity=similarity,
        threshold=voice.threshold,
        voiceprint_id=found.id,
        name=found.name,
    )


async def _voice(request: Request, response: Response, service: Service, owner: str, body: Body) -> _Voice:
    """Read the voice of a request. Raises as `extracted`; Refusal ("bad_json", "invalid_option")."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        given = await body.read_model(request, Given, _MOST_BYTES)
        return _Voice(tuple(given.vector), given.revision, given.threshold)
    voice = await extracted(request, response, service, owner, _READER)
    found: Mapping[str, Any] = voice.embedding
    return _Voice(tuple(found["vector"]), found["revision"], voice.besides["threshold"])


def _check(voice: _Voice, revision: str | None, length: int | None) -> Vector:
    """Check a voice against what it is compared with: `length` numbers, any number if None. Raises Refusal
    ("other_model", "invalid_option")."""
    try:
        return comparing.checked(
            voice.vector, voice.revision, revision, len(voice.vector) if length is None else length
        )
    except Incomparable as error:
        if revision != voice.revision:
            raise Refusal("other_model", str(error)) from None
        raise Refusal("invalid_option", str(error), field="vector") from None
