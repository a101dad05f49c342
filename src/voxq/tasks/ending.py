"""End of a task: the writes E1, E2 and E3, in this order, from any process."""

from __future__ import annotations

import time
from collections.abc import Mapping

import redis

from voxq.core import killpoint
from voxq.core.outcome import Outcome
from voxq.core.task import Task
from voxq.queue import ends, script
from voxq.queue.claiming import Worker
from voxq.queue.store import Store
from voxq.storage.history_log import HistoryLog
from voxq.storage.journal.port import Ended, Journal
from voxq.storage.scratch import WorkFiles


class Ending:
    """Ends tasks. Every method blocks on disk or Redis, so none may run in an event loop."""

    def __init__(
        self,
        journal: Journal,
        logs: Mapping[str, HistoryLog],
        work: WorkFiles,
        stores: Mapping[str, Store],
        client: redis.Redis,
    ) -> None:
        self._journal = journal
        self._logs = logs
        self._work = work
        self._stores = stores
        self._client = client

    def decide(self, task: Task, outcome: Outcome) -> bool:
        """Write step E1: make `outcome` the end of this run. Returns False if the run has already ended."""
        won = self._journal.end(task, outcome)
        killpoint.reached("E1")
        return won

    def publish(self, task: Task, worker: Worker | None = None) -> None:
        """Write steps E2 and E3 for a run that `decide` has ended, possibly in a process that died since.

        Raises redis.exceptions.RedisError; nothing is lost then, and publishing can be repeated.
        """
        end = self._journal.ended(task.id, task.run)
        if end is not None:
            self.announce(end, worker)

    def announce(self, end: Ended, worker: Worker | None = None) -> None:
        """Publish an end like `publish`, without reading it from the journal."""
        task = end.task
        answer = script.run(self._client, ends.finish(self._stores[task.kind], end, time.time(), worker))
        killpoint.reached("E2")
        # The line is written after the announcement, so the first process to announce knows that it is
        # missing.
        self._logs[task.kind].settle(end, self._journal, maybe_logged=answer != "ended")
        killpoint.reached("E3")
        self._work.remove(task)

    def end(self, task: Task, outcome: Outcome, worker: Worker | None = None) -> bool:
        """Write steps E1, E2 and E3. Returns False if the run had already ended."""
        won = self.decide(task, outcome)
        if won:
            self.announce(Ended(task, outcome), worker)
        else:  # the winner may have died between its first and its last write
            self.publish(task, worker)
        return won
