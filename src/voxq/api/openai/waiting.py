"""Waiting for a task as long as its client does."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import Request
from loguru import logger
from redis.exceptions import RedisError
from starlette.requests import ClientDisconnect

from voxq.api import background, lookup, views
from voxq.api.lookup import Found
from voxq.api.openai.errors import TaskFailed
from voxq.api.service import Service
from voxq.speech.transcript import Transcript
from voxq.tasks import script, twins
from voxq.tasks.refusal import Refusal
from voxq.tasks.script import Command
from voxq.tasks.task import Kind, Status


async def end_of(service: Service, owner: str, task_id: str, request: Request) -> Found:
    """The ended task. Raises as `looks`, and ClientDisconnect once the client has gone."""
    gone = asyncio.create_task(_disconnection(request))
    ending = asyncio.create_task(_end(looks(service, owner, task_id, progress=False)))
    try:
        await asyncio.wait({gone, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not ending.done():
            await _tell(service, twins.renew(service.parts.stores[Kind.ASR], task_id))
            raise ClientDisconnect
        return ending.result()
    finally:
        gone.cancel()
        await background.end(ending)  # or its lease would be kept alive for nobody


async def looks(service: Service, owner: str, task_id: str, *, progress: bool) -> AsyncGenerator[Found]:
    """The task as it is now, and again whenever it may have ended or seconds have passed; with `progress`
    whenever anything has happened. At last it has ended. Whoever iterates keeps its lease alive.

    Raises Refusal ("timeout", "unavailable" when the process is to stop; both with the task's id), NotFound.
    A Redis that is away for a while is waited for.
    """
    deadline = time.monotonic() + service.settings.openai_timeout_seconds
    renewed = time.monotonic()
    listen = service.events.following if progress else service.events.listening
    with listen(task_id) as woken:
        while True:
            woken.clear()
            with contextlib.suppress(RedisError):
                found = await lookup.find(service, Kind.ASR, owner, task_id)
                yield found
                if found.status.is_terminal:
                    return
            left = deadline - time.monotonic()
            if left <= 0:
                raise await _timeout(service, task_id)
            if service.events.is_over:
                raise Refusal("unavailable", "The server stops; the task goes on", task_id=task_id)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), min(left, twins.RENEW_SECONDS))
            if time.monotonic() - renewed >= twins.RENEW_SECONDS / 2:
                renewed = time.monotonic()
                await _tell(service, twins.renew(service.parts.stores[Kind.ASR], task_id))


def transcript_of(found: Found) -> Transcript:
    """Of a task that has ended. Raises TaskFailed."""
    document = found.document
    match found.status:
        case Status.DONE:
            return views.transcript(document)
        case Status.FAILED:
            raise TaskFailed(document["code"], document["error"], task_id=found.task_id)
        case _:
            raise TaskFailed("cancelled", "The task was cancelled", task_id=found.task_id)


async def _timeout(service: Service, task_id: str) -> Refusal:
    """From now on the task goes on without anybody waiting."""
    await _tell(service, twins.detach(service.parts.stores[Kind.ASR], task_id))
    seconds = service.settings.openai_timeout_seconds
    url = views.result_url(Kind.ASR, task_id)
    return Refusal("timeout", f"Not done within {seconds} s; the task goes on: GET {url}", task_id=task_id)


async def _tell(service: Service, command: Command[Any]) -> None:
    """At worst the task runs to its end, or not: nothing that its client would have to hear of."""
    try:
        await script.run_async(service.client, command)
    except RedisError as error:
        logger.debug("a lease was not changed: {}", type(error).__name__)


async def _end(looks: AsyncGenerator[Found]) -> Found:
    async with contextlib.aclosing(looks):
        async for found in looks:
            if found.status.is_terminal:
                return found
    raise AssertionError("the last look at a task shows its end")


async def _disconnection(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
