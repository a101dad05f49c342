"""How a task ends, and in which order that is written. Any process can do it, and any can finish it.

    W4  the file that the task made, if any, gets its name in storage     keep
    E1  the end is recorded in the journal: the first record wins         decide
    E2  Redis has its document, counts, event and webhook job             announce
    E3  a line in the history log; then the task is open no longer        announce

E1 is the end. A process that dies before it leaves an open task, which another worker goes on with. After it,
`publish` does what is missing of E2 (`voxq.queue.ends`) and E3, as often as it is called. The files of work
in progress are removed last.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import redis

from voxq.core import killpoint
from voxq.core.inputs import AUDIO
from voxq.core.outcome import Outcome
from voxq.core.task import Task
from voxq.queue import ends, script
from voxq.queue.claiming import Worker
from voxq.queue.store import Store
from voxq.storage.blobs.port import Blobs
from voxq.storage.history_log import HistoryLog
from voxq.storage.journal.port import Ended, Journal
from voxq.storage.scratch import WorkFiles


class Ending:
    """Ends tasks. Every method blocks on disk or Redis, so none may run in an event loop."""

    def __init__(
        self,
        journal: Journal,
        blobs: Blobs,
        logs: Mapping[str, HistoryLog],
        work: WorkFiles,
        stores: Mapping[str, Store],
        client: redis.Redis,
    ) -> None:
        self._journal = journal
        self._blobs = blobs
        self._logs = logs
        self._work = work
        self._stores = stores
        self._client = client

    def keep(self, task: Task, made: Path) -> None:
        """Write step W4: put the file that the task made in its place. Raises OSError."""
        self._blobs.keep(made, task.outputs[AUDIO])
        killpoint.reached("W4")

    def decide(self, task: Task, outcome: Outcome) -> bool:
        """Write step E1: make `outcome` the end of this run. Returns False if the run has already ended.

        Raises OSError: it may have ended or not, and this can be repeated.
        """
        won = self._journal.end(task, outcome)
        killpoint.reached("E1")
        return won

    def publish(self, task: Task, worker: Worker | None = None) -> None:
        """Write steps E2 and E3 for a run that `decide` has ended, possibly in a process that died since.

        Raises redis.exceptions.RedisError; nothing is lost then, and publishing can be repeated.
        """
        end = self._journal.ended(task.id, task.run)
        if end is not None:
            self.announce([end], worker)

    def announce(self, ended: Sequence[Ended], worker: Worker | None = None) -> None:
        """Publish ends like `publish`, without reading them from the journal: in one round trip, and with one
        access to each history log.

        If it raises, any of them may have been published.
        """
        now = time.time()
        commands = [ends.finish(self._stores[end.task.kind], end, now, worker) for end in ended]
        answers = script.run_all(self._client, commands)
        killpoint.reached("E2")
        # The line is written after the announcement, so the first process to announce knows that it is
        # missing.
        unsettled: defaultdict[tuple[str, bool], list[Ended]] = defaultdict(list)
        for end, answer in zip(ended, answers, strict=True):
            unsettled[end.task.kind, answer != "ended"].append(end)
        for (kind, maybe_logged), group in unsettled.items():
            self._logs[kind].settle(group, self._journal, maybe_logged=maybe_logged)
        killpoint.reached("E3")
        for end in ended:
            self._work.remove(end.task)

    def end(self, task: Task, outcome: Outcome, worker: Worker | None = None) -> bool:
        """Write steps E1, E2 and E3. Returns False if the run had already ended."""
        won = self.decide(task, outcome)
        if won:
            self.announce([Ended(task, outcome)], worker)
        else:  # the winner may have died between its first and its last write
            self.publish(task, worker)
        return won
