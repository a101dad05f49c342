"""Bringing journal, Redis and the JSONL log back into agreement, whatever died. Everything blocks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from itertools import islice

import redis
from loguru import logger

from voxq.tasks import documents, retention, script
from voxq.tasks.ending import Ending
from voxq.tasks.history import HistoryLog
from voxq.tasks.journal import Journal
from voxq.tasks.recordings import Recordings
from voxq.tasks.store import EPOCH_KEY, Store
from voxq.tasks.task import day_of
from voxq.tasks.work import WorkFiles

_AT_ONCE = 200  # ids per script call: Redis is not to be held up
_STALE_UPLOAD = 3600.0
_STALE_WRITE = 600.0


class Recovery:
    """What the janitor does for one kind of task. Safe to run twice at once; a lock only saves the work."""

    def __init__(
        self,
        journal: Journal,
        log: HistoryLog,
        recordings: Recordings,
        work: WorkFiles,
        ending: Ending,
        store: Store,
        client: redis.Redis,
        limits: retention.Limits,
    ) -> None:
        self._journal = journal
        self._log = log
        self._recordings = recordings
        self._work = work
        self._ending = ending
        self._store = store
        self._client = client
        self._limits = limits

    def bring_back_dead(self) -> int:
        """Tasks of workers whose heartbeat ended go back to the front of their lanes, free of charge."""
        back = script.run(self._client, self._store.reap(time.time()))
        for task_id in back:
            logger.warning("task={} requeued: its worker is gone", task_id.rpartition("_")[2])
        return len(back)

    def complete(self) -> int:
        """Finish every interrupted end, and enqueue every accepted task that Redis would not deliver."""
        count = 0
        for ids in _batches(self._journal.open_ids()):
            for task_id in script.run(self._client, self._store.missing(ids)):
                task = self._journal.open_task(task_id)
                if task is None:
                    continue
                if self._journal.has_ended(task):
                    self._ending.publish(task, recovering=True)
                else:
                    enqueued = script.run(self._client, self._store.enqueue(task, limited=False))
                    if enqueued.answer == "same":  # its client was answered with the other task
                        self._journal.withdraw(task.id)
                        self._recordings.remove(task.file)
                count += 1
        if count:
            logger.info("{} tasks brought into agreement with the journal", count)
        return count

    def rebuild(self) -> bool:
        """If Redis came back empty (its epoch is missing), restore results, index and history from disk.

        The epoch is set last: an interrupted rebuild is done again.
        """
        if self._client.exists(EPOCH_KEY):
            return False
        logger.warning("Redis is new or came back empty: restoring it from the journal")
        self.complete()
        self._restore_results()
        self._restore_index()
        self._restore_history()
        self._client.set(EPOCH_KEY, secrets.token_hex(8))
        return True

    def retain(self) -> None:
        """Delete what retention allows; see `voxq.tasks.retention`."""
        now = time.time()
        # In this order: a task that ends meanwhile is still seen as open, and so kept.
        recordings = self._recordings.all()
        open_ids = self._journal.open_ids()
        plan = retention.plan(now, recordings, open_ids, list(self._ended()), self._limits)
        for name in plan.recordings:
            self._recordings.remove(name)
            self._client.hdel(self._store.audio_key, name.partition(".")[0].rpartition("_")[2])
        for record in plan.records:
            self._journal.forget(record.task_id, record.run)
        if plan.recordings or plan.records:
            logger.info(
                "retention: {} recordings, {} records deleted", len(plan.recordings), len(plan.records)
            )
        self._sweep(now, open_ids)

    def _sweep(self, now: float, open_ids: Sequence[str]) -> None:
        self._recordings.sweep(now - _STALE_UPLOAD)
        self._journal.sweep(now - _STALE_WRITE)
        is_open = set(open_ids)
        for name in list(self._work.names()):
            task_id = name.rpartition(".")[0]
            if task_id not in is_open and self._journal.open_task(task_id) is None:
                self._work.remove_named(name)

    def _ended(self) -> Iterator[retention.EndedRecord]:
        for task_id, run in self._journal.ended_runs():
            end = self._journal.ended(task_id, run)
            if end is not None:
                yield retention.EndedRecord(
                    task_id, run, end.outcome.status, end.outcome.ended_at, end.task.file
                )

    def _restore_results(self) -> None:
        now = time.time()
        for task_id, run in self._journal.ended_runs():
            end = self._journal.ended(task_id, run)
            if end is None:
                continue
            left = int(end.outcome.ended_at + self._store.ttl_of(end.outcome.status) - now)
            if left > 0:
                document = documents.dump(documents.ended(end.task, end.outcome))
                self._client.set(self._store.task_key(task_id), document, ex=left, nx=True)

    def _restore_index(self) -> None:
        today = day_of(time.time())
        number = 0
        for recording in self._recordings.all():
            self._client.hsetnx(self._store.audio_key, recording.task_id.rpartition("_")[2], recording.name)
            if recording.name.startswith(today):
                number = max(number, int(recording.name.split("_")[1]))
        self._client.set(f"{self._store.kind}:day:{today}", number, ex=172800, nx=True)

    def _restore_history(self) -> None:
        present = set(self._client.lrange(self._store.history_key, 0, -1))
        for record in self._log.tail(self._store.history_size):
            if record.get("status") != "cancelled" and documents.dump(record) not in present:
                self._client.rpush(self._store.history_key, documents.dump(record))
        self._client.ltrim(self._store.history_key, 0, self._store.history_size - 1)


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    remaining = iter(ids)
    while batch := list(islice(remaining, _AT_ONCE)):
        yield batch
