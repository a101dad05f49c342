"""Start of the task behind a request: an existing one with the same fingerprint, or a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from voxq import kinds
from voxq.api import lookup
from voxq.api.service import Service
from voxq.api.submission import reuse
from voxq.core.refusal import NotFound
from voxq.core.task import Task
from voxq.kinds import rewritten
from voxq.queue import fingerprints, script
from voxq.queue.fingerprints import EarlierTask


@dataclass(frozen=True, slots=True)
class Begun:
    """Task for a request of `owner`, and whether it is new."""

    kind: str
    owner: str
    task_id: str
    cache: Literal["hit", "miss", "joined"]

    @property
    def headers(self) -> dict[str, str]:
        return {"x-voxq-task": self.task_id, reuse.HEADER: self.cache}


async def begin(
    service: Service,
    kind: str,
    owner: str,
    fingerprint: str,
    accept: Callable[[], Awaitable[Task]],
    *,
    may_reuse: bool,
) -> Begun:
    """Find a reusable task or create one with `accept`. Raises as `accept` does, and RedisError."""
    if may_reuse:
        look = fingerprints.look(service.parts.stores[kind], fingerprint, join=True)
        earlier = await script.run_async(service.trips, look)
        if earlier is not None and await _is_there(service, kind, owner, earlier):
            return Begun(kind, owner, earlier.task_id, earlier.how)
    task = await accept()
    await reuse.adopt(service, fingerprint, task, leased=True)
    return Begun(kind, owner, task.id, "miss")


async def _is_there(service: Service, kind: str, owner: str, earlier: EarlierTask) -> bool:
    """Whether the earlier task can answer: its file may have been deleted before its record, and what failed
    in it is what the same request asks for once more."""
    try:
        found = await lookup.find(service, kind, owner, earlier.task_id)
    except NotFound:
        return False
    if not found.status.is_terminal:
        return True
    if any(step["status"] == "failed" for step in found.document.get("steps", {}).values()):
        return False
    if rewritten.is_makeshift(found.document):
        return False
    if not kinds.find(kind).makes_file:
        return True
    return await asyncio.to_thread(service.parts.blobs.exists, found.file)
