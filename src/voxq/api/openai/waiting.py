"""Waiting for a task for as long as its client does, and the limit on requests that wait."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from loguru import logger
from redis.exceptions import RedisError

from voxq.api import cancellation, lookup, views
from voxq.api.callers.auth import Owner
from voxq.api.lookup import Found
from voxq.api.openai.beginning import Begun
from voxq.api.service import Service, TheService
from voxq.core.refusal import Refusal, TaskFailed
from voxq.core.task import Status
from voxq.locale import Message
from voxq.queue import fingerprints, script
from voxq.queue.script import Command
from voxq.speech.transcript import Transcript

T = TypeVar("T")

_LOOK_SECONDS = 10.0
"""Seconds after which the task is checked even without an event, because events can be lost."""


async def _with_place(service: TheService, owner: Owner) -> AsyncIterator[str]:
    with service.waiting_requests.place_for(owner):
        yield owner


Waiting = Annotated[str, Depends(_with_place)]
"""Name of the caller, for whom a place among the waiting requests is taken before the body is read, until the
response has been sent. Raises Refusal ("too_many_waiting")."""


async def end_of(service: Service, begun: Begun, request: Request) -> Found:
    """Wait for the end of the task and return it. Raises as `looks`, and ClientDisconnect once the client has
    gone."""
    return await while_connected(service, begun, request, _end(looks(service, begun, progress=False)))


async def while_connected(
    service: Service, begun: Begun, request: Request, waiting: Coroutine[Any, Any, T]
) -> T:
    """Run `waiting` and return its result. Raises as it does, and ClientDisconnect once the client has
    gone."""
    async with lease_kept(service, begun):
        return await cancellation.unless_gone(request, waiting)


async def in_time(service: Service, begun: Begun, waiting: Coroutine[Any, Any, T]) -> T:
    """Run `waiting` and return its result. Raises as it does, and Refusal ("timeout") after
    OPENAI_TIMEOUT_SECONDS."""
    coming = asyncio.create_task(waiting)
    try:
        await asyncio.wait({coming}, timeout=service.settings.openai_timeout_seconds)
        if not coming.done():
            raise await _timeout(service, begun)
        return coming.result()
    finally:
        await cancellation.end(coming)


@asynccontextmanager
async def lease_kept(service: Service, begun: Begun) -> AsyncIterator[None]:
    """Renew the task's lease inside the context; afterwards it lasts for fingerprints.LEASE_SECONDS."""
    renewing = asyncio.create_task(_renew(service, begun))
    try:
        yield
    finally:
        await cancellation.end(renewing)  # otherwise the lease would be renewed for a client that has gone


async def looks(service: Service, begun: Begun, *, progress: bool) -> AsyncGenerator[Found]:
    """Yield the task now and whenever it may have ended or seconds have passed; with `progress`, at every
    event. The last item has ended.

    Raises Refusal ("timeout"; "unavailable" if the process is about to stop; both with the task's id) and
    NotFound. Outages of Redis are waited out.
    """
    deadline = time.monotonic() + service.settings.openai_timeout_seconds
    listen = service.events.following if progress else service.events.listening
    with listen(begun.task_id) as woken:
        while True:
            woken.clear()
            with contextlib.suppress(RedisError):
                found = await lookup.find(service, begun.kind, begun.owner, begun.task_id)
                yield found
                if found.status.is_terminal:
                    return
            left = deadline - time.monotonic()
            if left <= 0:
                raise await _timeout(service, begun)
            if service.events.is_over:
                raise Refusal(
                    "unavailable",
                    Message("The server is stopping; the task continues"),
                    task_id=begun.task_id,
                )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), min(left, _LOOK_SECONDS))


def transcript_of(found: Found) -> Transcript:
    """Return the transcript of an ended task. Raises TaskFailed."""
    return views.transcript(document_of(found))


def document_of(found: Found) -> views.Document:
    """Return the document of an ended task, which has its result. Raises TaskFailed."""
    document = found.document
    match found.status:
        case Status.DONE:
            return document
        case Status.FAILED:
            raise TaskFailed(document["code"], document["error"], task_id=found.task_id)
        case _:
            raise TaskFailed("cancelled", Message("The task was cancelled"), task_id=found.task_id)


async def _timeout(service: Service, begun: Begun) -> Refusal:
    """Detach the task from its client, so that it goes on without a lease, and return the refusal."""
    await _tell(service, fingerprints.detach(service.parts.stores[begun.kind], begun.task_id))
    seconds = service.settings.openai_timeout_seconds
    url = views.result_url(begun.kind, begun.task_id)
    message = Message("Not done within {seconds} s; the task continues: GET {url}", seconds=seconds, url=url)
    return Refusal("timeout", message, task_id=begun.task_id)


async def _renew(service: Service, begun: Begun) -> None:
    while True:
        await asyncio.sleep(fingerprints.RENEW_SECONDS)
        await _tell(service, fingerprints.renew(service.parts.stores[begun.kind], begun.task_id))


async def _tell(service: Service, command: Command[Any]) -> None:
    """Run a command on the lease; an error is only logged. At worst the task runs to its end, or not, which
    its client does not need to know."""
    try:
        await script.run_async(service.trips, command)
    except RedisError as error:
        logger.debug("a lease was not changed: {}", type(error).__name__)


async def _end(looks: AsyncGenerator[Found]) -> Found:
    async with contextlib.aclosing(looks):
        async for found in looks:
            if found.status.is_terminal:
                return found
    raise AssertionError("the last look at a task shows its end")
