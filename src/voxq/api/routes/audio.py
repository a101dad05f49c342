"""Download of recordings as they were uploaded, and of speech."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse
from starlette import types
from starlette.types import Receive, Scope, Send

from voxq import kinds
from voxq.api import errors, lookup
from voxq.api.access_log import note
from voxq.api.callers.auth import Owner
from voxq.api.cancellation import unless_gone
from voxq.api.live import speech_stream
from voxq.api.service import Service, TheKind, TheService
from voxq.api.shapes.errors import Problem
from voxq.core.refusal import Refusal
from voxq.core.task import Status
from voxq.locale import Message
from voxq.speech.audio import MIME_TYPES, SPEECH_FORMATS
from voxq.storage.blobs.port import Blobs

router = APIRouter()

_BINARY: dict[str, Any] = {"content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}}
_CONTENT_TYPES = {**SPEECH_FORMATS, **MIME_TYPES}
_NO_SUCH_RANGE = (400, 416)
_HEADERS = {
    "Cache-Control": "private, no-cache",
    # A browser shows the file in a page of its own, which may load the file and nothing else.
    "Content-Security-Policy": "default-src 'none'; media-src 'self'; frame-ancestors 'none'",
}


async def _streams(
    service: TheService,
    owner: Owner,
    stream: Annotated[
        bool, Query(description="Send unfinished speech as it is synthesised, without a length.")
    ] = False,
) -> AsyncIterator[bool]:
    """Whether the client accepts a stream; one of the owner's streams is then taken until the response has
    been sent."""
    if not stream:
        yield False
        return
    with service.streams.one_of(owner):
        yield True


@router.head("/audio/{task_id}", response_class=Response, include_in_schema=False)
@router.get(
    "/audio/{task_id}",
    summary="Download the recording or the speech of a task",
    response_class=Response,
    responses={200: {"description": "The bytes as they were uploaded or synthesised.", **_BINARY}}
    | {206: {"description": "The requested range.", **_BINARY}}
    | errors.documented(400, 401, 403, 404, 409, 410, 416, 429, 500, 503),
)
async def audio(
    task_id: str,
    request: Request,
    service: TheService,
    kind: TheKind,
    owner: Owner,
    may_stream: Annotated[bool, Depends(_streams)],
) -> Response:
    """Download the file byte for byte. Range requests work, so that players can seek.

    With `stream=true`, speech is sent sentence by sentence while it is synthesised. If its task fails on the
    way, the connection is closed without the end of the body.
    """
    name = await lookup.find_file(service, kind, owner, task_id)
    note(request, file=name)
    found = await asyncio.to_thread(_find, service.parts.blobs, name)
    if found is None:
        if kinds.find(kind).makes_file and may_stream:
            speech = await unless_gone(request, speech_stream.begin(service, kind, owner, task_id))
            return speech_stream.SpeechResponse(speech, _HEADERS)
        raise await _missing(service, kind, owner, task_id)
    return RecordingResponse(*found)


def _find(blobs: Blobs, name: str) -> tuple[Path, os.stat_result] | None:
    if blobs.exists(name):
        path = blobs.path(name)
        with contextlib.suppress(FileNotFoundError):  # deleted since
            return path, path.stat()
    return None


async def _missing(service: Service, kind: str, owner: str, task_id: str) -> Refusal:
    """Return the refusal that explains why there is no file."""
    if kinds.find(kind).makes_file:
        status = (await lookup.find(service, kind, owner, task_id)).status
        if status is not Status.DONE:
            return Refusal(
                "not_done",
                Message("There is no speech: the task is {status}", status=status),
                status=status.value,
            )
    return _gone()


class RecordingResponse(FileResponse):
    """FileResponse whose errors have the same shape as all others."""

    def __init__(self, path: Path, stat: os.stat_result) -> None:
        super().__init__(
            path,
            headers=_HEADERS,
            media_type=_CONTENT_TYPES.get(path.suffix[1:], "application/octet-stream"),
            filename=path.name,
            stat_result=stat,
            content_disposition_type="inline",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file. Raises Refusal ("recording_gone") if it has been deleted since it was found."""
        head: types.Message | None = None

        async def watched(message: types.Message) -> None:
            """Delay the head until the first bytes, because only then the file is open."""
            nonlocal head
            if message["type"] == "http.response.start":
                head = message
            elif head is None:
                await send(message)
            elif head["status"] not in _NO_SUCH_RANGE:
                first, head = head, None
                await send(first)
                await send(message)

        try:
            await super().__call__(scope, receive, watched)
        except FileNotFoundError:
            raise _gone() from None
        if head is not None and head["status"] in _NO_SUCH_RANGE:
            await _range_error(head)(scope, receive, send)


def _gone() -> Refusal:
    return Refusal("recording_gone", Message("The sound of this task has been deleted"))


def _range_error(start: types.Message) -> Response:
    headers = {name.decode(): value.decode() for name, value in start["headers"] if name == b"content-range"}
    if start["status"] == 416:
        problem = Problem(416, Message("The recording has no such range"), "range_not_satisfiable", headers)
        return problem.response()
    return Problem(400, Message("The Range header cannot be read"), "bad_range").response()
