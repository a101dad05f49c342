"""Lists of open tasks, page by page and at a bounded cost, however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from voxq.core.task import Lane
from voxq.queue import documents
from voxq.queue.enqueueing import Place
from voxq.queue.script import Command
from voxq.queue.store import Store

MOST_LOOKED_AT = 500
"""Ids that one command looks at: Redis serves nobody else meanwhile, for about two milliseconds."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An open task: its document without the text, and its place while it waits."""

    document: dict[str, Any]
    place: Place | None


@dataclass(frozen=True, slots=True)
class Page:
    """Tasks of a lane. `last`: the id after which to go on, empty at the end of the lane."""

    tasks: tuple[Listed, ...]
    last: str


def open_tasks(
    store: Store, lane: Lane, *, taken: bool, after: str, owner: str | None, limit: int
) -> Command[Page]:
    """List up to `limit` tasks of one lane: those that workers have (`taken`) or those that wait.

    `owner`: None for those of everybody. A page may have fewer tasks, or none, and not be the last.
    """
    args = {
        "lane": store.queues[lane],
        "taken": taken,
        "after": after,
        "owner": owner or "",
        "limit": limit,
        "most": MOST_LOOKED_AT,
    }

    def parse(answer: Any) -> Page:
        last, *flat = answer
        triples = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
        tasks = tuple(
            Listed(document, Place(position, float(ahead)) if position else None)
            for raw, position, ahead in triples
            if (document := documents.load(raw)) is not None
        )
        return Page(tasks, last)

    return Command("list", store.context, args, parse)
