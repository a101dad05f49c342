"""Ended tasks, and those that failed for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from voxq.api import errors, lookup, views
from voxq.api.access_log import note
from voxq.api.callers.auth import Owner
from voxq.api.service import Service, TheKind, TheService
from voxq.api.shapes.history import History, HistoryRecord
from voxq.core.task import Status
from voxq.queue import documents
from voxq.queue.keys import RQ_FAILED

router = APIRouter()

_AT_ONCE = 100


@router.get(
    "/history",
    summary="Ended tasks, newest first",
    response_model=History,
    response_model_exclude_unset=True,
    responses=errors.documented(401, 403, 422, 503),
)
async def history(
    request: Request,
    service: TheService,
    kind: TheKind,
    owner: Owner,
    limit: Annotated[int, Query(ge=1, le=100, description="Maximum number of records.")] = 10,
    status: Annotated[
        Literal["failed"] | None,
        Query(description="failed: all failed tasks that are still kept, with the URLs for retrying them."),
    ] = None,
) -> History:
    """List the last MAX_HISTORY_RECORDS tasks that are done or failed. An admin sees those of all owners."""
    source = _failed(service, kind, owner) if status else lookup.own_history(service, kind, owner)
    found: list[dict[str, Any]] = []
    async for record in source:
        found.append(record)
        if len(found) == limit:
            break
    present = await asyncio.to_thread(_present, service, found)
    note(request, records=len(found))
    view = views.dead_letter if status else views.history_record
    records = [
        _named(view(kind, record, has_audio=there), record.get("owner", ""), owner)
        for record, there in zip(found, present, strict=True)
    ]
    return History(total=len(records), records=records)


def _named(record: HistoryRecord, theirs: str, caller: str) -> HistoryRecord:
    """Add the owner to a record, for an admin."""
    return record if theirs == caller else record.model_copy(update={"owner": theirs})


def _present(service: Service, records: list[dict[str, Any]]) -> list[bool]:
    return [service.parts.blobs.exists(record["file"]) for record in records]


async def _failed(service: Service, kind: str, owner: str) -> AsyncIterator[dict[str, Any]]:
    """Return the documents of the failed tasks that the caller may see, the latest failure first."""
    store = service.parts.stores[kind]
    async with service.client.pipeline(transaction=False) as pipeline:
        for queue in store.queues.values():
            pipeline.zrange(RQ_FAILED + queue, 0, -1, withscores=True)
        entries = [entry for registry in await pipeline.execute() for entry in registry]
    # A score is the time at which the record expires, always equally long after the failure.
    ids = [task_id for task_id, _ in sorted(entries, key=lambda entry: entry[1], reverse=True)]
    for start in range(0, len(ids), _AT_ONCE):
        raws = await service.client.mget(
            [store.task_key(task_id) for task_id in ids[start : start + _AT_ONCE]]
        )
        for document in filter(None, map(documents.load, filter(None, raws))):
            if service.access.sees(owner, document["owner"]) and document["status"] == Status.FAILED:
                yield document
