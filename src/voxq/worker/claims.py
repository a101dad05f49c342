"""A worker's hold on tasks, as Redis knows it: taken, registered, kept alive, told about, handed back.

Every method answers None while Redis is away; nothing here waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from typing import Any

from voxq.tasks import documents
from voxq.tasks.store import Beat, Claimed, Room, Store, Worker
from voxq.tasks.task import Task
from voxq.worker.admission import Turns
from voxq.worker.assignment import Assignment
from voxq.worker.redis_line import RedisLine

WORKER_TTL = 90
"""Seconds after which `rq info` forgets a worker that was killed."""
_REPORT_EVERY = 0.5


class Claims:
    """Of one worker."""

    def __init__(self, store: Store, line: RedisLine, identity: Worker) -> None:
        self._store = store
        self._line = line
        self._identity = identity
        self._turns = Turns(time.monotonic())

    def take(self, room: Room) -> list[Claimed] | None:
        """Write step W1: as many waiting tasks as there is room for, and as are its share."""
        now = time.monotonic()
        first = self._turns.next(now, room.free)
        if first is not None:
            self._turns.had(first, now)
            taken = self._line.run(self._store.claim(self._identity, room, only=first))
            if taken:
                return taken
        taken = self._line.run(self._store.claim(self._identity, room))
        for claimed in taken or ():
            self._turns.had(claimed.lane, now)
        return taken

    def register(self, assignment: Assignment) -> bool | None:
        """Write step W2, and taking up again what Redis has lost. False: it has ended or is another's."""
        document = _document(assignment)
        return self._line.run(self._store.register(self._identity, assignment.held, time.time(), document))

    def report(self, assignment: Assignment) -> bool | None:
        """Tell its progress, not too often. False: the claim is gone."""
        now = time.monotonic()
        if now - assignment.reported_at < _REPORT_EVERY:
            return None
        assignment.reported_at = now
        return self._line.run(self._store.report(self._identity, assignment.task, _document(assignment)))

    def beat(
        self, assignments: Iterable[Assignment], facts: dict[str, Any], room: Room | None
    ) -> Beat | None:
        """Keep the worker and all it holds alive. `room`: None while it takes on nothing."""
        held = [assignment.held for assignment in assignments]
        return self._line.run(self._store.beat(self._identity, held, time.time(), WORKER_TTL, facts, room))

    def drop(self, claimed: Claimed) -> None:
        """Forget an id that no journal knows."""
        self._line.run(self._store.drop(claimed))

    def release(self, tasks: Collection[Task]) -> int:
        """Hand tasks back to the front of their lanes; how many wait again."""
        return (self._line.run(self._store.release(self._identity, list(tasks))) or 0) if tasks else 0


def _document(assignment: Assignment) -> dict[str, Any]:
    return documents.processing(
        assignment.task,
        progress=assignment.progress,
        text=assignment.transcript().text,
        started_at=assignment.admitted_at,
    )
