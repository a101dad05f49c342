"""Deletion of expired recordings and records, and of leftovers of interrupted work.

Everything here blocks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import redis
from loguru import logger

from voxq.core.task import short_id
from voxq.queue.store import Store
from voxq.recovery import retention
from voxq.storage.blobs.port import Blobs
from voxq.storage.journal.port import Journal
from voxq.storage.scratch import WorkFiles

_STALE_UPLOAD = 3 * 3600.0  # longer than a clock jumps; an active upload is written to all the time
_STALE_WRITE = 600.0


class Cleanup:
    """Deletes files of all kinds of tasks by the rules of `voxq.recovery.retention`.

    Concurrent runs are safe.
    """

    def __init__(
        self,
        journal: Journal,
        blobs: Blobs,
        work: WorkFiles,
        stores: Mapping[str, Store],
        client: redis.Redis,
        limits: retention.Limits,
    ) -> None:
        self._journal = journal
        self._blobs = blobs
        self._work = work
        self._stores = stores
        self._client = client
        self._limits = limits
        self._known_ends: dict[tuple[str, int], retention.EndedRecord] = {}

    def plan(self) -> retention.Plan:
        """Choose the recordings and records that `run` would delete now; needs no Redis."""
        # In this order, so that a task that ends meanwhile still counts as open and is kept.
        blobs = self._blobs.all()
        kept = [*self._journal.open_ids(), *self._journal.unreadable_ids()]
        return retention.plan(time.time(), blobs, kept, self._ended(), self._limits)

    def run(self) -> None:
        """Delete what `plan` chooses, interrupted uploads and the work directories of ended tasks.

        Raises redis.exceptions.RedisError if ids must be removed from Redis and it is unavailable; then
        nothing has been deleted.
        """
        plan = self.plan()
        self._unindex(plan)  # first: once the files are gone, no later run would find these ids
        for name in plan.blobs:
            self._blobs.remove(name)
        for record in plan.records:
            self._journal.forget(record.task_id, record.run)
        if plan.blobs or plan.records:
            logger.info("retention: {} files, {} records deleted", len(plan.blobs), len(plan.records))
        self._sweep()

    def _unindex(self, plan: retention.Plan) -> None:
        """Remove the short ids of tasks that will have neither a recording nor a record."""
        names, runs = set(plan.blobs), {(record.task_id, record.run) for record in plan.records}
        touched = {name.partition(".")[0] for name in names} | {task_id for task_id, _ in runs}
        if not touched:
            return
        left = {blob.task_id for blob in self._blobs.all() if blob.name not in names}
        left |= {run[0] for run in self._journal.ended_runs() if run not in runs}
        gone = [short_id(task_id) for task_id in touched - left]
        for store in self._stores.values() if gone else ():
            self._client.hdel(store.audio_key, *gone)

    def _sweep(self) -> None:
        now = time.time()
        self._blobs.sweep(now - _STALE_UPLOAD)
        self._journal.sweep(now - _STALE_WRITE)
        for name in list(self._work.names()):
            task_id = name.rpartition(".")[0]
            if self._journal.open_task(task_id) is None:
                self._work.remove_named(name)

    def _ended(self) -> list[retention.EndedRecord]:
        """Records of all ended runs. Each is read from disk once and then cached, since it never changes."""
        runs = list(self._journal.ended_runs())
        known = {run: self._known_ends.get(run) or self._read_end(*run) for run in runs}
        self._known_ends = {run: record for run, record in known.items() if record is not None}
        return list(self._known_ends.values())

    def _read_end(self, task_id: str, run: int) -> retention.EndedRecord | None:
        end = self._journal.ended(task_id, run)
        if end is None:
            return None
        outcome, results = end.outcome, frozenset(end.task.outputs.values())
        return retention.EndedRecord(task_id, run, outcome.status, outcome.ended_at, results)
