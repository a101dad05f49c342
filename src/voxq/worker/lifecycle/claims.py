"""Claims: a worker's tasks as Redis knows them, from taking and registering to reporting and releasing.

Every method returns None while Redis is unavailable; none of them waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import redis
from loguru import logger

from voxq.core.task import Lane, Task
from voxq.queue import claiming, documents
from voxq.queue.claiming import Beat, Capacity, Claimed, Taken, Worker
from voxq.queue.keys import RQ_QUEUE
from voxq.queue.store import Store
from voxq.worker.lifecycle.capacity import Turns, capacities_of, free_slots
from voxq.worker.redis_link import RedisLink
from voxq.worker.runs.task_run import TaskRun

WORKER_TTL = 90
"""Seconds after which `rq info` forgets a worker that was killed."""
_REPORT_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Catch:
    """Tasks that a worker claimed from the lanes. `left` still wait there: for a slot, or for another
    worker."""

    claimed: Sequence[Claimed] = ()
    left: int = 0


@dataclass(frozen=True, slots=True)
class _Slots:
    """Tasks that a worker has already, and what it can do beside them."""

    in_progress: Sequence[tuple[str, Lane]]
    count: int
    models: Mapping[str, Collection[str]]
    broken: Mapping[str, Collection[str]]

    @property
    def free(self) -> Mapping[Lane, int]:
        return free_slots([lane for _, lane in self.in_progress], self.count)

    def capacity(self, kind: str, taken: Iterable[Claimed] = ()) -> Capacity:
        """Capacity for tasks of this kind, after some were taken."""
        tasks = [*self.in_progress, *((each.kind, each.lane) for each in taken)]
        return capacities_of(tasks, self.count, self.models, self.broken)[kind]


class Claims:
    """Claims of one worker, over the lanes of all kinds."""

    def __init__(
        self, stores: Mapping[str, Store], client: redis.Redis, redis_link: RedisLink, identity: Worker
    ) -> None:
        self._stores = stores
        self._client = client
        self._redis_link = redis_link
        self._identity = identity
        self._turns = Turns(time.monotonic())
        self._order = list(stores)
        """Kinds in the order of their turns: the kind that was served last stands at the end."""

    def take(
        self,
        in_progress: Sequence[tuple[str, Lane]],
        slots: int,
        models: Mapping[str, Collection[str]],
        broken: Mapping[str, Collection[str]],
    ) -> Catch | None:
        """Claim waiting tasks (write steps W1 and W2): as many as there is capacity for, up to the worker's
        share.

        `in_progress`: kind and lane of its tasks; `models`: models by kind; `broken`: those that do not load.
        Tasks of other kinds are left to other workers. A more urgent lane comes first, whatever the kind;
        within a lane the kinds take turns.
        """
        mine = _Slots(in_progress, slots, models, broken)
        turn = self._turns.next(time.monotonic(), mine.free)
        catch = self._take_of_one_kind(mine) if turn is None else None
        return catch or self._take_of_all_kinds(mine, turn)

    def _take_of_one_kind(self, mine: _Slots) -> Catch | None:
        """Claim from the kind that was served last without looking at the others: mostly the same kind comes
        again. None if a task of another kind waits, or Redis is unavailable."""
        served = [each for each in self._order if each in mine.models]
        if not served:
            return Catch()
        *others, kind = served
        beside = [queue for other in others for queue in self._stores[other].queues.values()]
        taken = self._claim(kind, mine.capacity(kind), list(Lane), beside=beside)
        if taken is None or taken.waits_beside:
            return None
        self._had(taken.claimed)
        return Catch(taken.claimed, taken.left)

    def _take_of_all_kinds(self, mine: _Slots, turn: Lane | None) -> Catch | None:
        """Claim from the lanes of all kinds. `turn`: the lane that is asked first, for one task."""
        waiting = self._redis_link.attempt(partial(self._waiting, mine.models))
        if waiting is None:
            return None
        taken: list[Claimed] = []
        left = sum(waiting.values())

        def claim(kind: str, lanes: Sequence[Lane], most: int | None = None) -> None:
            nonlocal left
            capacity = mine.capacity(kind, taken)
            if any(capacity.free[lane] for lane in lanes):
                answer = self._claim(kind, capacity, lanes, most) or Taken()
                taken.extend(answer.claimed)
                left -= len(answer.claimed) + answer.refused

        if turn is not None:
            self._turns.had(turn, time.monotonic())
            for kind in self._order:
                if not taken and (kind, turn) in waiting:
                    claim(kind, [turn], 1)
        kinds = [kind for kind in self._order if any(other == kind for other, _ in waiting)]
        if not taken and len(kinds) == 1:
            claim(kinds[0], list(Lane))
        elif not taken:
            for lane in Lane:
                for kind in kinds:
                    if (kind, lane) in waiting:
                        claim(kind, [lane])
        self._had(taken)
        return Catch(taken, max(0, left))

    def _claim(
        self,
        kind: str,
        capacity: Capacity,
        lanes: Sequence[Lane],
        most: int | None = None,
        *,
        beside: Sequence[str] = (),
    ) -> Taken | None:
        command = claiming.claim(
            self._stores[kind], self._identity, capacity, time.time(), lanes, most, beside=beside
        )
        taken = self._redis_link.run(command)
        if taken is not None and taken.refused:
            logger.error(
                "{} jobs in the queues of {} are not VoxQ's: refused, see rq's failed jobs",
                taken.refused,
                kind,
            )
        return taken

    def _had(self, taken: Sequence[Claimed]) -> None:
        now = time.monotonic()
        for claimed in taken:
            self._turns.had(claimed.lane, now)
            self._order.remove(claimed.kind)
            self._order.append(claimed.kind)

    def _waiting(self, kinds: Collection[str]) -> dict[tuple[str, Lane], int]:
        """Number of tasks of these kinds that wait, by kind and lane; empty lanes are left out."""
        pipeline = self._client.pipeline(transaction=False)
        lanes = [(kind, lane) for kind in self._stores if kind in kinds for lane in Lane]
        for kind, lane in lanes:
            pipeline.llen(RQ_QUEUE + self._stores[kind].queues[lane])
        return {each: length for each, length in zip(lanes, pipeline.execute(), strict=True) if length}

    def register(self, task_run: TaskRun) -> bool | None:
        """Register a task (write step W2) that Redis has lost, or did not register when it was claimed.
        False: the task has ended or is another worker's."""
        document, store = _document(task_run), self._stores[task_run.task.kind]
        return self._redis_link.run(
            claiming.register(store, self._identity, task_run.held, time.time(), document)
        )

    def report(self, task_run: TaskRun) -> bool | None:
        """Report the task's progress, at intervals: if it is too soon, `report_at` says when to. False: the
        claim is gone."""
        now = time.monotonic()
        if now - task_run.reported_at < _REPORT_EVERY:
            task_run.report_at = task_run.reported_at + _REPORT_EVERY
            return None
        task_run.reported_at, task_run.report_at = now, float("inf")
        store = self._stores[task_run.task.kind]
        return self._redis_link.run(
            claiming.report(store, self._identity, task_run.task, _document(task_run))
        )

    def beat(
        self,
        task_runs: Iterable[TaskRun],
        facts: dict[str, Any],
        capacities: Mapping[str, Capacity] | None,
    ) -> Beat | None:
        """Keep the worker and all of its tasks alive. `capacities`: None while it takes on nothing."""
        executions = [task_run.held for task_run in task_runs]
        last, lost = None, ()
        for kind, store in self._stores.items():
            of_kind = [each for each in executions if each.task.kind == kind]
            capacity = capacities[kind] if capacities else None
            last = self._redis_link.run(
                claiming.beat(
                    store,
                    self._identity,
                    of_kind,
                    time.time(),
                    WORKER_TTL,
                    facts,
                    capacity,
                    is_idle=not executions,
                )
            )
            if last is None:
                return None
            lost += last.lost
        return replace(last, lost=lost) if last else None

    def drop(self, claimed: Claimed) -> None:
        """Forget an id that no journal knows."""
        self._redis_link.run(claiming.drop(self._stores[claimed.kind], claimed))

    def release(self, tasks: Collection[Task]) -> int:
        """Hand tasks back to the front of their lanes. Returns how many wait again."""
        return sum(
            self._redis_link.run(claiming.release(store, self._identity, of_kind)) or 0
            for kind, store in self._stores.items()
            if (of_kind := [task for task in tasks if task.kind == kind])
        )


def _document(task_run: TaskRun) -> dict[str, Any]:
    return documents.processing(
        task_run.task,
        progress=task_run.progress,
        text=task_run.policy.text,
        draft=task_run.policy.draft,
        started_at=task_run.admitted_at,
    )
