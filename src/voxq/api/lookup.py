"""From what a client calls a task to the task: full or short id, and only what the caller may see."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

from voxq import kinds
from voxq.api.service import Service
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
        """Its name."""
        return kinds.kind_in(self.document).name

    @property
    def task_id(self) -> str:
        return self.document["task_id"]

    @property
    def status(self) -> Status:
        return Status(self.document["status"])

    @property
    def file(self) -> str:
        """The stored name of its recording or speech."""
        return self.document["file"]


async def full_id(service: Service, kind: str, given: str) -> str:
    """The id behind a full or short one. Raises NotFound; an impossible id is not even looked up."""
    if is_task_id(given):
        return given
    file = await _indexed(service, kind, given) if is_short_id(given) else None
    if file is None:
        raise not_found(given)
    return file.partition(".")[0]


async def find(service: Service, kind: str, owner: str, given: str) -> Found:
    """Raises NotFound for an unknown task and for somebody else's, and RedisError."""
    task_id = await full_id(service, kind, given)
    view = await script.run_async(service.client, enqueueing.view(service.parts.stores[kind], task_id))
    document = view.document or await asyncio.to_thread(_journaled, service, kind, task_id)
    if document is None or not service.access.sees(owner, document["owner"]):
        raise not_found(given)
    return Found(document, view.place)


def _journaled(service: Service, kind: str, task_id: str) -> dict[str, Any] | None:
    """The document of a task that Redis does not know yet or any more: accepted in an outage, or lost in one.

    Redis will know it again within seconds; its client is not to be told meanwhile that it does not exist.
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
    """The stored name of a task's recording, also when its result has expired. Raises like `find`."""
    task_id = await full_id(service, kind, given)
    view = await script.run_async(service.client, enqueueing.view(service.parts.stores[kind], task_id))
    document = view.document or await asyncio.to_thread(_journaled, service, kind, task_id)
    if document is not None:
        if service.access.sees(owner, document["owner"]):
            return document["file"]
    elif (file := await _leftover(service, kind, owner, task_id)) is not None:
        return file
    raise not_found(given)


async def own_history(service: Service, kind: str, owner: str) -> AsyncIterator[dict[str, Any]]:
    """The records in the history list that the caller may see, newest first."""
    store = service.parts.stores[kind]
    seen: set[str | bytes] = set()
    for start in range(0, store.history_size, _PAGE):
        page = await service.client.lrange(store.history_key, start, start + _PAGE - 1)
        for item in page:
            record = _record(item)
            if record is None or item in seen:  # what has ended meanwhile pushes records into the next page
                continue
            if service.access.sees(owner, record.get("owner", "")):
                yield record
        seen.update(page)
        if len(page) < _PAGE:
            return


def _record(item: str | bytes) -> dict[str, Any] | None:
    """None for what is no record: foreign hands can reach the list."""
    try:
        record = json.loads(item)
    except (ValueError, RecursionError):
        return None
    is_record = isinstance(record, dict) and record.keys() >= _IN_A_RECORD
    return record if is_record and isinstance(record["task_id"], str) else None


async def _leftover(service: Service, kind: str, owner: str, task_id: str) -> str | None:
    """The stored name that is left of a task whose result has expired.

    The history tells whose it was. Beyond it nobody can, so only who sees everything still gets it.
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
    return cast("str | None", file)  # the client decodes


def not_found(given: str) -> NotFound:
    return NotFound(given[:_LONGEST_ECHO])
