"""Results of tasks, waiting for them, and removal of tasks."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from voxq.api import errors, lookup, rendering
from voxq.api.access_log import note
from voxq.api.callers.auth import Owner
from voxq.api.cancellation import unless_gone
from voxq.api.lookup import Found
from voxq.api.rendering import ResultFormat, Text
from voxq.api.service import Service, TheKind, TheService
from voxq.api.shapes.result import Result
from voxq.api.shapes.submission import Removed
from voxq.core.refusal import Refusal
from voxq.core.task import Status
from voxq.locale import Message

router = APIRouter()

LONGEST_WAIT = 60.0


_CONTENT_TYPES = {
    ResultFormat.TEXT: "text/plain; charset=utf-8",
    ResultFormat.SRT: "application/x-subrip; charset=utf-8",
    ResultFormat.VTT: "text/vtt; charset=utf-8",
    ResultFormat.VERBOSE_JSON: "application/json",
    ResultFormat.DIARIZED_JSON: "application/json",
    ResultFormat.RTTM: "text/plain; charset=utf-8",
    ResultFormat.DIFF: "application/json",
}
_OPENAIS = {
    "type": "object",
    "title": "verbose_json and diarized_json",
    "required": ["task", "duration", "text"],
}
_DIFFERENCE = {
    "type": "array",
    "title": "diff",
    "items": {
        "type": "object",
        "required": ["op", "raw", "rewritten"],
        "properties": {
            "op": {"enum": ["equal", "delete", "insert", "replace"]},
            "raw": {"type": "string"},
            "rewritten": {"type": "string"},
            "start": {"type": "number"},
            "end": {"type": "number"},
        },
    },
}
_RENDERED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Where the task is; with a `format` other than json, its transcript.",
        "content": {
            kind: {"schema": {"type": "string"}}
            for kind in ("text/plain", "application/x-subrip", "text/vtt")
        }
        # beside the status: they are added to the shapes of the response model
        | {"application/json": {"schema": {"oneOf": [_OPENAIS, _DIFFERENCE]}}},
    }
}


@router.get(
    "/result/{task_id}",
    summary="Get the status or the result of a task",
    response_model=Result,
    response_model_exclude_unset=True,
    responses=_RENDERED | errors.documented(401, 403, 404, 409, 422, 503),
)
async def result(
    task_id: str,
    request: Request,
    service: TheService,
    kind: TheKind,
    owner: Owner,
    wait: Annotated[
        float, Query(ge=0, le=LONGEST_WAIT, description="Maximum seconds to wait for the task's end.")
    ] = 0,
    format: Annotated[
        ResultFormat,
        Query(
            description="All formats but json are the transcript alone, and give 409 until the task is "
            "done. diff: the steps from the text that was said to the rewritten one, word by word, as a JSON "
            "list of `{op, raw, rewritten, start, end}`; `op` is equal, delete, insert or replace, times are "
            "seconds."
        ),
    ] = ResultFormat.JSON,
    text: Annotated[
        Text | None,
        Query(
            description="rewritten: the text that `rewrite` made, with the times of the words that it was "
            "made from (409 `not_rewritten` if there is none); original: the text as it was before. By "
            "default that of the result: what was said, or of a text its rewriting. A summary, and a text "
            "with mostly other words, have no times: no srt, vtt or verbose_json."
        ),
    ] = None,
) -> object:
    """Return the status or the result of a task. With `wait`, the response comes as soon as the task ends."""
    found = await lookup.find(service, kind, owner, task_id)
    if wait and not found.status.is_terminal:
        found = await unless_gone(request, _end_of(service, kind, owner, found.task_id, wait))
    _note(request, found)
    if format is not ResultFormat.JSON:
        return await _rendered(found, format, text)
    if text is not None and found.status is Status.DONE:
        document = await asyncio.to_thread(rendering.with_text, found.document, text)
        found = replace(found, document=document)
    return await lookup.result_of(service, found)


@router.delete(
    "/task/{task_id}",
    summary="Cancel or delete a task",
    response_model=Removed,
    responses=errors.documented(401, 403, 404, 503),
)
async def remove(task_id: str, request: Request, service: TheService, kind: TheKind, owner: Owner) -> Removed:
    """Withdraw a waiting task, or stop one in progress at the end of the current batch.

    Of an ended task, the result, the recording and the text in the history are deleted.
    """
    full_id = (await lookup.find_file(service, kind, owner, task_id)).partition(".")[0]
    if await asyncio.to_thread(service.control[kind].cancel, full_id):
        note(request, status="cancelled")
        return Removed(task_id=full_id, status="cancelled")
    await asyncio.to_thread(service.control[kind].forget, full_id)
    note(request, status="deleted")
    return Removed(task_id=full_id, status="deleted")


async def _end_of(service: Service, kind: str, owner: str, task_id: str, seconds: float) -> Found:
    """Return the task once it has ended, or as it is after so many seconds or when the process is about to
    stop."""
    deadline = time.monotonic() + seconds
    with service.events.listening(task_id) as woken:
        while True:
            woken.clear()
            found = await lookup.find(service, kind, owner, task_id)
            left = deadline - time.monotonic()
            if found.status.is_terminal or left <= 0 or service.events.is_over:
                return found
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), left)


async def _rendered(found: Found, format: ResultFormat, text: Text | None) -> Response:
    if found.status is not Status.DONE:
        raise Refusal(
            "not_done",
            Message("There is no transcript: the task is {status}", status=found.status),
            status=found.status.value,
        )
    body = await asyncio.to_thread(rendering.rendered, found.document, format, text)
    return Response(body, media_type=_CONTENT_TYPES[format])


def _note(request: Request, found: Found) -> None:
    if found.status is Status.PROCESSING:
        note(request, status=found.status, progress=f"{found.document['progress']}%")
    else:
        note(request, quiet=found.status is Status.QUEUED, status=found.status)
