"""Open tasks of all kinds, page by page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query, Request

from voxq import kinds
from voxq.api import errors, views
from voxq.api.access_log import note
from voxq.api.callers.auth import Owner
from voxq.api.monitoring.workers import WorkerOverview
from voxq.api.service import TheService
from voxq.api.shapes.queue import OpenTask, OpenTasks
from voxq.core.refusal import invalid
from voxq.core.task import Lane, Status
from voxq.locale import Message
from voxq.queue import listing, script
from voxq.queue.listing import Listed

router = APIRouter(prefix="/api/v1", tags=["queue"])

_MOST_LOOKS = 20
"""Times that one page goes on within a lane: who owns few of very many tasks follows a few empty pages."""
_STATUSES = (Status.PROCESSING, Status.QUEUED)


@dataclass(frozen=True, slots=True)
class _Section:
    """The tasks of one kind and lane that are in work, or that wait."""

    status: Status
    kind: str
    lane: Lane

    def cursor(self, last: str = "") -> str:
        return f"{self.status}.{self.kind}.{self.lane}.{last}"

    @classmethod
    def all(cls) -> list[Self]:
        names = list(kinds.registered())
        return [cls(status, kind, lane) for status in _STATUSES for lane in Lane for kind in names]


@router.get(
    "/tasks",
    summary="Waiting and running tasks",
    response_model=OpenTasks,
    response_model_exclude_unset=True,
    responses=errors.documented(401, 403, 422, 503),
)
async def tasks(
    request: Request,
    service: TheService,
    owner: Owner,
    status: Annotated[
        Literal["queued", "processing"] | None, Query(description="Only those that wait, or are in work.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Maximum number of tasks on a page.")] = 20,
    cursor: Annotated[
        str, Query(max_length=1000, description="`next_cursor` of the page before; empty for the first.")
    ] = "",
) -> OpenTasks:
    """List the caller's open tasks of all kinds; an admin sees those of all owners.

    While the queue moves, a task may be on two pages. Ended tasks are in the history.
    """
    sections = [each for each in _Section.all() if status is None or each.status == status]
    sections, after = _from(cursor, sections)
    of_whom = None if service.access.sees_all(owner) else owner
    found: list[tuple[_Section, Listed]] = []
    looks = _MOST_LOOKS
    while sections and looks and len(found) < limit:
        here = sections[0]
        command = listing.open_tasks(
            service.parts.stores[here.kind],
            here.lane,
            taken=here.status is Status.PROCESSING,
            after=after,
            owner=of_whom,
            limit=limit - len(found),
        )
        page = await script.run_async(service.trips, command)
        found += [(here, each) for each in page.tasks]
        after = page.last
        if after:
            looks -= 1
        else:
            sections = sections[1:]
    overview = await service.overview.recent()
    note(request, records=len(found))
    return OpenTasks(
        tasks=[_view(section, each, overview, owner) for section, each in found],
        next_cursor=sections[0].cursor(after) if sections else None,
    )


def _from(cursor: str, sections: Sequence[_Section]) -> tuple[Sequence[_Section], str]:
    """Return the sections from the one that a cursor names, and the id after which to go on there.

    Raises Refusal ("invalid_option") for anything that is no cursor of such a list.
    """
    if not cursor:
        return sections, ""
    for number, each in enumerate(sections):
        if cursor.startswith(each.cursor()):
            return sections[number:], cursor.removeprefix(each.cursor())
    raise invalid(
        "cursor", Message("must be the next_cursor of a page that was asked for with the same status")
    )


def _view(section: _Section, listed: Listed, overview: WorkerOverview, caller: str) -> OpenTask:
    document, now = listed.document, time.time()
    optional = {name: value for name in ("model",) if (value := document.get(name))}
    if document["owner"] != caller:
        optional["owner"] = document["owner"]
    if section.status is Status.QUEUED:
        optional["position"] = listed.place.position if listed.place else None
        optional["estimated_wait"] = overview.estimated_wait(listed.place, section.kind)
    else:
        optional |= _progress(document.get("progress", 0), document.get("started_at"), now)
    return OpenTask(
        task_id=document["task_id"],
        kind=section.kind,
        status="queued" if section.status is Status.QUEUED else "processing",
        lane=section.lane.value,
        created_at=document["created_at"],
        age=round(_since(document["created_at"], now)),
        duration=document["duration"],
        result_url=views.result_url(section.kind, document["task_id"]),
        **optional,
    )


def _progress(progress: int, started_at: str | None, now: float) -> dict[str, int]:
    """Progress of a task in work and, from its pace so far, the seconds that are left."""
    if not progress or started_at is None:
        return {"progress": progress}
    left = _since(started_at, now) * (100 - progress) / progress
    return {"progress": progress, "estimated_left": round(left)}


def _since(moment: str, now: float) -> float:
    """Seconds from a time in ISO 8601 until now; 0 if it is none, or in the future."""
    try:
        return max(0.0, now - datetime.fromisoformat(moment).timestamp())
    except ValueError:
        return 0.0
