"""Restoration of results, keys, index and history that Redis has lost. Everything here blocks."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from itertools import islice

import redis
from loguru import logger

from voxq import kinds
from voxq.core.task import Task, age_order, day_of, short_id
from voxq.queue import ends, script
from voxq.queue.idempotency import key_left
from voxq.queue.keys import KindPrefix
from voxq.queue.store import Store
from voxq.recovery.comparing import named_by_all
from voxq.storage.blobs.port import Blobs
from voxq.storage.history_log import HistoryLog
from voxq.storage.journal.port import Ended, Journal


class Restoration:
    """Restores Redis from journal, recordings and JSONL logs for all kinds of tasks, keeping newer values."""

    def __init__(
        self,
        journal: Journal,
        logs: Mapping[str, HistoryLog],
        blobs: Blobs,
        stores: Mapping[str, Store],
        client: redis.Redis,
    ) -> None:
        self._journal = journal
        self._logs = logs
        self._blobs = blobs
        self._stores = stores
        self._client = client

    def results(self) -> None:
        """Publish every end that Redis does not show."""
        # In this order, so that a task that ends meanwhile still counts as open; its worker publishes its
        # end.
        latest, open_ids = self._latest_ends(), set(self._journal.open_ids())
        closed = [(task_id, run) for task_id, run in latest.items() if task_id not in open_ids]
        for runs, behind in named_by_all(self._client, self._stores.values(), closed, ends.unended):
            found = (self._journal.ended(task_id, run) for task_id, run in runs if task_id in behind)
            told = sum(end is not None and self._tell_again(end) for end in found)
            if told:
                logger.warning("Redis had lost the results of {} tasks; they are restored", told)

    def keys(self) -> None:
        """Restore the Idempotency-Keys of all tasks in the journal, open or ended."""
        now = time.time()
        pipeline = self._client.pipeline(transaction=False)
        for task in self._kept_tasks():
            if key := key_left(task, now):
                name, seconds = key
                pipeline.set(name, task.id, nx=True, ex=seconds)
        pipeline.execute()

    def index(self) -> None:
        """Restore the file of each short id, and the number of today's last task."""
        today = day_of(time.time())
        number = 0
        pipeline = self._client.pipeline(transaction=False)
        blobs = self._blobs.all()
        tasks = self._tasks_of({blob.task_id for blob in blobs})
        kind_of = self._kinds_of({blob.task_id for blob in blobs}, tasks)
        for blob in blobs:
            task = tasks.get(blob.task_id)
            if task is None or task.file == blob.name:
                key = self._stores[kind_of[blob.task_id]].audio_key
                pipeline.hsetnx(key, short_id(blob.task_id), blob.name)
            day, of_day = age_order(blob.task_id)
            if day == today:
                number = max(number, of_day)
        for store in self._stores.values():
            pipeline.set(KindPrefix.DAY.of(store.kind, today), number, ex=172800, nx=True)
        pipeline.execute()

    def history(self) -> None:
        """Restore the latest ends from the logs."""
        for kind, store in self._stores.items():
            logged = (each for each in self._logs[kind].records() if each.get("status") != "cancelled")
            latest = list(islice(logged, store.history_size))
            if latest:
                script.run(self._client, ends.remember(store, latest))

    def _latest_ends(self) -> dict[str, int]:
        """Last run of every ended task."""
        latest: dict[str, int] = {}
        for task_id, run in self._journal.ended_runs():
            latest[task_id] = max(run, latest.get(task_id, 0))
        return latest

    def _tell_again(self, end: Ended) -> bool:
        """Publish an end that Redis has lost; returns False if its retention time is over."""
        store, now = self._stores[end.task.kind], time.time()
        if store.seconds_left(end.outcome, now) <= 0:
            return False
        if not script.run(self._client, ends.restore(store, end, now)):
            script.run(self._client, ends.finish(store, end, now))
        return True

    def _kept_tasks(self) -> Iterator[Task]:
        yield from filter(None, map(self._journal.open_task, self._journal.open_ids()))
        found = (self._journal.ended(task_id, run) for task_id, run in self._latest_ends().items())
        yield from (end.task for end in found if end is not None)

    def _tasks_of(self, task_ids: Collection[str]) -> dict[str, Task]:
        """Return the tasks that still have a record, by id."""
        latest = self._latest_ends()
        found: dict[str, Task] = {}
        for task_id in task_ids:
            end = self._journal.ended(task_id, latest[task_id]) if task_id in latest else None
            task = end.task if end else self._journal.open_task(task_id)
            if task is not None:
                found[task_id] = task
        return found

    def _kinds_of(self, task_ids: Collection[str], tasks: Mapping[str, Task]) -> dict[str, str]:
        """Which kind of task each was. Its record tells; when that is gone, the log in which it ended."""
        found = {task_id: task.kind for task_id, task in tasks.items()}
        if left := set(task_ids) - found.keys():
            found |= dict.fromkeys(left, kinds.first().name)
            for name, log in self._logs.items():
                logged = {str(record.get("task_id")) for record in log.records()}
                found |= dict.fromkeys(left & logged, name)
        return found
