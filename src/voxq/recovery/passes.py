"""Passes that make journal, Redis and JSONL logs agree again after any crash. Everything here blocks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

import redis
from loguru import logger

from voxq.core.task import short_id
from voxq.queue import claiming, enqueueing, foreign_keys, script
from voxq.queue.keys import EPOCH_KEY, SERVER_KEY
from voxq.queue.store import Store
from voxq.recovery.comparing import named_by_all
from voxq.recovery.restoration import Restoration
from voxq.storage.blobs.port import Blobs
from voxq.storage.journal.port import Journal
from voxq.storage.storage_id import is_other
from voxq.tasks.ending import Ending

_PATIENCE = 2.5  # seconds: a heartbeat interval and a margin


class Recovery:
    """Recovery of all kinds of tasks.

    Concurrent runs are safe; the janitor's lock only avoids double work.
    """

    def __init__(
        self,
        journal: Journal,
        blobs: Blobs,
        ending: Ending,
        restoration: Restoration,
        stores: Mapping[str, Store],
        client: redis.Redis,
    ) -> None:
        self._journal = journal
        self._blobs = blobs
        self._ending = ending
        self._restoration = restoration
        self._stores = stores
        self._client = client
        self._key_types = foreign_keys.expected(stores.values())
        self._behind_since: float | None = None

    def clear_the_way(self) -> None:
        """Rename keys that other programs left under VoxQ's names, and trigger a rebuild of the lost ones."""
        if foreign_keys.put_aside(self._client, self._key_types):
            self._client.delete(EPOCH_KEY)

    def bring_back_dead(self) -> int:
        """Requeue the tasks of dead workers at the front of their lanes; returns how many.

        Counts no attempt.
        """
        back = [
            task_id
            for store in self._stores.values()
            for task_id in script.run(self._client, claiming.expire(store, time.time()))
        ]
        for task_id in back:
            logger.warning("task={} requeued: its worker is gone", short_id(task_id))
        return len(back)

    def complete(self) -> int:
        """Publish every interrupted end, and enqueue every accepted task that Redis would not deliver.

        Returns the number of tasks changed. Does nothing while Redis may have lost data: `rebuild` comes
        first.
        """
        is_whole = self._is_ours(self._epoch()) and self._noted_server() == self._server()
        return self._complete() if is_whole else 0

    def rebuild(self, patience: float = _PATIENCE) -> bool:
        """Restore Redis from the journal if it has lost data; returns whether it did.

        If Redis is empty (its epoch is missing) or worked for another storage, restores queue, results, keys,
        index and history. If it was only restarted, it may have gone back to an older state; then restores
        queue, results and history.

        Waits `patience` seconds from the first check, so that workers can register their tasks again. Writes
        the epoch and the server's id last, so that an interrupted rebuild is repeated.
        """
        epoch, server = self._epoch(), self._server()
        if epoch == self._journal.storage and self._noted_server() == server:
            self._behind_since = None
            return False
        now = time.monotonic()
        if self._behind_since is None:
            self._behind_since = now
            if not self._is_ours(epoch):
                what = "was used with another storage" if epoch else "is new or came back empty"
                # At the first start of a service there is nothing that could have been lost.
                level = "WARNING" if epoch or self._has_tasks() else "DEBUG"
                logger.log(level, "Redis {}: it is restored from the journal", what)
        if now - self._behind_since < patience:
            return False
        self._complete(has_redis_lost=True)
        self._restoration.results()
        if not self._is_ours(epoch):
            self._restoration.keys()
            self._restoration.index()
        self._restoration.history()
        self._client.mset({EPOCH_KEY: self._journal.storage, SERVER_KEY: server})
        return True

    def _has_tasks(self) -> bool:
        """Whether the journal has anything with which Redis could be filled."""
        return bool(self._journal.open_ids()) or next(self._journal.ended_runs(), None) is not None

    def _epoch(self) -> str | None:
        return cast("str | None", self._client.get(EPOCH_KEY))  # the client decodes

    def _is_ours(self, epoch: str | None) -> bool:
        """Whether Redis works for this storage.

        Epochs of earlier versions, which name none, count as its own.
        """
        return bool(epoch) and not is_other(epoch, self._journal.storage)

    def _noted_server(self) -> str | None:
        """`run_id` of the server that was last brought up to date."""
        return cast("str | None", self._client.get(SERVER_KEY))

    def _server(self) -> str:
        """`run_id` of the server, which changes at every start."""
        return str(cast("dict[str, Any]", self._client.info("server")).get("run_id", ""))

    def _complete(self, *, has_redis_lost: bool = False) -> int:
        has_ended = {task_id for task_id, _ in self._journal.ended_runs()}
        count = 0
        for ids, missing in named_by_all(
            self._client, self._stores.values(), self._journal.open_ids(), enqueueing.missing
        ):
            for task_id in ids:
                if task_id in missing or task_id in has_ended:
                    try:
                        count += self._complete_task(task_id, has_redis_lost)
                    except OSError as error:  # a disk error must not stop the other tasks
                        logger.error("task={} cannot be completed: {}", short_id(task_id), error)
        if count:
            logger.info("{} tasks brought into agreement with the journal", count)
        return count

    def _complete_task(self, task_id: str, has_redis_lost: bool) -> bool:
        """Publish the end of an open task, or enqueue it; returns whether anything was missing.

        `has_redis_lost`: Redis may have lost data, Idempotency-Keys among it.
        """
        task = self._journal.open_task(task_id)
        if task is None:
            return False
        if self._journal.has_ended(task):
            self._ending.publish(task)
            return True
        store = self._stores[task.kind]
        enqueued = script.run(self._client, enqueueing.enqueue(store, task, limited=False))
        if enqueued.answer == "same" and has_redis_lost:
            # Redis had lost the key when it was used again, so both clients may have got their ids.
            task = task.evolve(idempotency=None)
            self._journal.accept(task)
            enqueued = script.run(self._client, enqueueing.enqueue(store, task, limited=False))
        elif enqueued.answer == "same":  # its client got the id of the other task
            self._journal.withdraw(task.id)
            for name in task.files:
                self._blobs.remove(name)
        if enqueued.answer == "queued" and not self._journal.is_known(task):
            script.run(self._client, enqueueing.forget(store, task.id))  # the intake withdrew it meanwhile
        return enqueued.answer != "known"
