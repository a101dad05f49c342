"""Lookup of tasks by full or short id, restricted to those that the caller may see."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

from voxq import kinds
from voxq.api import views
from voxq.api.service import Service
from voxq.api.shapes.result import Result
from voxq.core.refusal import NotFound
from voxq.core.task import Status, is_short_id, is_task_id, short_id
from voxq.queue import documents, enqueueing, script
from voxq.queue.enqueueing import Place

_LONGEST_ECHO = 100
_PAGE = 100
_IN_A_RECORD = {"task_id", "owner", "file", "text", "created_at", "duration", "status"}


@dataclass(frozen=True, slots=True)
class Found:
    """A task that the caller may see: its document and, while it waits, its place."""

    document: dict[str, Any]
    place: Place | None

    @property
    def kind(self) -> str:
        """Name of the task's kind."""
        return kinds.kind_in(self.document).name

    @property
    def task_id(self) -> str:
        return self.document["task_id"]

    @property
    def status(self) -> Status:
        return Status(self.document["status"])

    @property
    def file(self) -> str:
        """Stored name of its recording or speech."""
        return self.document["file"]


async def full_id(service: Service, kind: str, given: str) -> str:
    """Expand a full or short id. Raises NotFound; a malformed id is not even looked up."""
    if is_task_id(given):
        return given
    file = await _indexed(service, kind, given) if is_short_id(given) else None
    if file is None:
        raise not_found(given)
    return file.partition(".")[0]


async def find(service: Service, kind: str, owner: str, given: str) -> Found:
    """Find a task. Raises NotFound for an unknown task or one of another owner, and RedisError."""
    task_id = await full_id(service, kind, given)
    view = await script.run_async(service.trips, enqueueing.view(service.parts.stores[kind], task_id))
    document = view.document or await asyncio.to_thread(_journaled, service, kind, task_id)
    if document is None or not service.access.sees(owner, document["owner"]):
        raise not_found(given)
    return Found(document, view.place)


async def result_of(service: Service, found: Found) -> Result:
    """Describe a task for its client, with its place and the estimated wait. Raises RedisError."""
    has_audio = found.status.is_terminal and await asyncio.to_thread(service.parts.blobs.exists, found.file)
    overview = await service.overview.recent() if found.place else None
    return views.result(
        found.document,
        position=found.place.position if found.place else 0,
        estimated_wait=overview.estimated_wait(found.place, found.kind) if overview else 0,
        has_audio=has_audio,
    )


def _journaled(service: Service, kind: str, task_id: str) -> dict[str, Any] | None:
    """Return the document of a task that is only in the journal: accepted during an outage, or lost in one.

    Redis will have it again within seconds; until then the client must not be told that it does not exist.
    """
    journal, store = service.parts.journal, service.parts.stores[kind]
    task = journal.open_task(task_id)
    if task is not None:
        return documents.queued(task) if task.kind == kind else None
    end = journal.last_end(task_id)
    if end is None or end.task.kind != kind or store.seconds_left(end.outcome, time.time()) <= 0:
        return None
    return documents.ended(end.task, end.outcome)


async def find_file(service: Service, kind: str, owner: str, given: str) -> str:
    """Return the stored name of a task's file, even if its result has expired. Raises as `find`."""
    task_id = await full_id(service, kind, given)
    view = await script.run_async(service.trips, enqueueing.view(service.parts.stores[kind], task_id))
    document = view.document or await asyncio.to_thread(_journaled, service, kind, task_id)
    if document is not None:
        if service.access.sees(owner, document["owner"]):
            return document["file"]
    elif (file := await _leftover(service, kind, owner, task_id)) is not None:
        return file
    raise not_found(given)


async def own_history(service: Service, kind: str, owner: str) -> AsyncIterator[dict[str, Any]]:
    """Iterate over the records in the history list that the caller may see, newest first."""
    store = service.parts.stores[kind]
    seen: set[str | bytes] = set()
    for start in range(0, store.history_size, _PAGE):
        page = await service.client.lrange(store.history_key, start, start + _PAGE - 1)
        for item in page:
            record = _record(item)
            if record is None or item in seen:  # tasks that end meanwhile push records into the next page
                continue
            if service.access.sees(owner, record.get("owner", "")):
                yield record
        seen.update(page)
        if len(page) < _PAGE:
            return


def _record(item: str | bytes) -> dict[str, Any] | None:
    """Parse an item; None if it is not a record, because anybody with access to Redis can write to the
    list."""
    try:
        record = json.loads(item)
    except (ValueError, RecursionError):
        return None
    is_record = isinstance(record, dict) and record.keys() >= _IN_A_RECORD
    return record if is_record and isinstance(record["task_id"], str) else None


async def _leftover(service: Service, kind: str, owner: str, task_id: str) -> str | None:
    """Return the stored name of the file of a task whose result has expired, if there is one.

    The history names its owner. Once it has left the history, only an admin may still fetch it.
    """
    async for record in own_history(service, kind, owner):
        if record["task_id"] == task_id:
            return record["file"]
    if service.access.sees_all(owner):
        file = await _indexed(service, kind, short_id(task_id))
        if file is not None and file.startswith(f"{task_id}."):
            return file
    return None


async def _indexed(service: Service, kind: str, short: str) -> str | None:
    file = await service.client.hget(service.parts.stores[kind].audio_key, short)
    return cast("str | None", file)  # the client decodes responses


def not_found(given: str) -> NotFound:
    return NotFound(given[:_LONGEST_ECHO])
