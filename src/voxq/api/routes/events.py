"""Server-sent events that follow a task until its end."""

from __future__ import annotations

import asyncio
import contextlib
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse
from redis.exceptions import RedisError

from voxq.api import errors, lookup
from voxq.api.access_log import note
from voxq.api.callers.auth import Owner
from voxq.api.lookup import Found
from voxq.api.service import Service, TheKind, TheService
from voxq.core.refusal import NotFound
from voxq.core.task import Status

router = APIRouter()

_LOOK_SECONDS = 5.0
"""Seconds between looks at a waiting task, whose place changes without an event of its own."""
_HEARTBEAT_SECONDS = 15.0
"""Seconds between comments; proxies close a connection that is silent for longer."""
_RECONNECT_MS = 2000

_NAMES = {status: status.value for status in Status} | {Status.PROCESSING: "progress"}
_SCHEMA = {
    "type": "object",
    "description": "Fields of each event.",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "description": "Value for Last-Event-ID."},
        "event": {"type": "string", "enum": list(_NAMES.values())},
        "data": {"type": "string", "description": "The JSON of `/result/{task_id}` at that time."},
    },
}
_STREAM = {
    200: {
        "description": "The state of the task, sent at each change until its end.",
        "content": {"text/event-stream": {"schema": _SCHEMA}},
    },
    204: {"description": "Last-Event-ID was that of the end, so no more events will follow."},
}


async def _streaming(service: TheService, kind: TheKind, owner: Owner) -> AsyncIterator[str]:
    """Name of the caller; one of its streams is taken until the response has been sent."""
    with service.streams.one_of(owner):
        yield owner


Streaming = Annotated[str, Depends(_streaming)]


@router.get(
    "/events/{task_id}",
    summary="Follow a task",
    response_class=StreamingResponse,
    responses=_STREAM | errors.documented(401, 403, 404, 422, 429, 503),
)
async def events(
    task_id: str,
    request: Request,
    service: TheService,
    kind: TheKind,
    owner: Streaming,
    last_event_id: Annotated[
        str | None, Header(description="Id of the last event received, which is not sent again.")
    ] = None,
) -> Response:
    """Follow a task with server-sent events, for `EventSource` and the like. Any process can resume a broken
    stream."""
    found = await lookup.find(service, kind, owner, task_id)
    note(request, status=found.status)
    if found.status.is_terminal and _mark(found) == last_event_id:
        return Response(status_code=204)  # tells an EventSource not to reconnect
    return StreamingResponse(
        _follow(service, kind, owner, found.task_id, last_event_id),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},  # nginx buffers a response unless told otherwise
    )


@dataclass(frozen=True, slots=True)
class _Event:
    id: str
    status: Status
    data: str
    """One line of JSON."""

    def __str__(self) -> str:
        return f"id: {self.id}\nevent: {_NAMES[self.status]}\ndata: {self.data}\n\n"


async def _follow(
    service: Service, kind: str, owner: str, task_id: str, seen: str | None
) -> AsyncIterator[str]:
    """Yield the events of a task except the one with the id `seen`, and comments while there are none."""
    yield f"retry: {_RECONNECT_MS}\n\n"
    spoke_at = time.monotonic()
    with service.events.following(task_id) as woken:
        while True:
            woken.clear()
            try:
                event = await _look(service, kind, owner, task_id)
            except NotFound:
                return  # deleted meanwhile; a client that reconnects gets a 404
            if event is not None and event.id != seen:
                yield str(event)
                seen, spoke_at = event.id, time.monotonic()
            elif time.monotonic() - spoke_at >= _HEARTBEAT_SECONDS:
                yield ": nothing new\n\n"
                spoke_at = time.monotonic()
            if service.events.is_over or (event is not None and event.status.is_terminal):
                return
            is_in_work = event is not None and event.status is Status.PROCESSING
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), _HEARTBEAT_SECONDS if is_in_work else _LOOK_SECONDS)


async def _look(service: Service, kind: str, owner: str, task_id: str) -> _Event | None:
    """Return the event for the task's present state; None while Redis is unavailable. Raises NotFound."""
    try:
        found = await lookup.find(service, kind, owner, task_id)
        told = await lookup.result_of(service, found)
    except RedisError:
        return None
    return _Event(_mark(found), found.status, told.model_dump_json(exclude_unset=True))


def _mark(found: Found) -> str:
    """Return the id of the event for a task's present state.

    It is derived from the state itself, so that any process can tell what is new to a client that reconnects,
    and nothing has to be stored.
    """
    document = found.document
    match found.status:
        case Status.QUEUED:
            detail = f".{found.place.position if found.place else 0}"
        case Status.PROCESSING:
            draft = zlib.crc32(str(document.get("draft", "")).encode())
            detail = f".{document['progress']}.{len(document['text'])}" + (f".{draft:x}" if draft else "")
        case _:
            detail = ""
    return f"{document['run']}.{found.status}{detail}"
