"""A worker in the test's own process: its real core, with doubles of the clock, of Redis and of helper
processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from voxq.core.outcome import Outcome
from voxq.core.task import Task
from voxq.parts import Parts
from voxq.queue import enqueueing, script
from voxq.queue.claiming import Worker
from voxq.settings import Settings
from voxq.testing.clock import FakeClock
from voxq.testing.redis_double import InMemoryRedis
from voxq.worker.assembly import WorkerParts
from voxq.worker.cycle import WorkCycle
from voxq.worker.plan import WorkPlan


class WorkerInProcess:
    """One worker over the storage at `root`. Create it within the contexts of a `FakeClock` and of
    `FakeProcesses`; two workers over the same `redis` share its tasks."""

    def __init__(
        self,
        root: Path,
        clock: FakeClock,
        redis: InMemoryRedis | None = None,
        number: int = 1,
        **settings: Any,
    ) -> None:
        given = {"storage_path": root, "max_inflight": 4}
        self.settings = Settings(**given | settings)
        self.clock = clock
        self.journal_of = Parts.of(self.settings)
        self.redis = redis or InMemoryRedis(self.journal_of.journal.storage)
        self.parts = WorkerParts(
            self.journal_of,
            WorkPlan.of(self.settings, "cpu"),
            cast(Any, self.redis),
            Worker(f"worker-{number}", f"rq:worker:worker-{number}"),
            number,
        )
        self.pool = self.parts.pool
        self._cycle = WorkCycle(self.parts)

    def submit(self, task: Task) -> None:
        """Submit a task: write steps S2 and S3."""
        self.journal_of.journal.accept(task)
        self.enqueue(task)

    def enqueue(self, task: Task) -> None:
        """Enqueue a task: write step S3."""
        store = self.journal_of.stores[task.kind]
        script.run(cast(Any, self.redis), enqueueing.enqueue(store, task))

    def turn(self, seconds: float = 0.01) -> None:
        """Run the worker's loop once, then let so many seconds go by."""
        self._cycle.handle(self.parts.poller.wait(0.0))
        self._cycle.begin_more()
        self.clock.advance(seconds)

    def tick(self) -> None:
        """Do what the loop does once a second."""
        self._cycle.tick()

    def run_until(self, condition: Callable[[], object], turns: int = 2000) -> None:
        """Run the loop until the condition holds. Raises AssertionError if it does not within `turns`."""
        for number in range(turns):
            if condition():
                return
            if number % 20 == 0:
                self.tick()
            self.turn()
        raise AssertionError("the worker does not get there")

    def outcome(self, task: Task) -> Outcome | None:
        """Outcome of this run of the task; None if it has not ended."""
        end = self.journal_of.journal.ended(task.id, task.run)
        return end.outcome if end else None

    def end_of(self, task: Task) -> Outcome:
        """Run the loop until the task has ended, and return its outcome."""
        self.run_until(lambda: self.outcome(task) is not None)
        outcome = self.outcome(task)
        assert outcome is not None
        return outcome

    def close(self) -> None:
        self.parts.tuner.stop()
        self.pool.close()
        self.parts.media.close()
