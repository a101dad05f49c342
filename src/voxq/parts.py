"""Stores, journal and files of all kinds of tasks, constructed from the settings in each process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import redis

from voxq import kinds
from voxq.core.task import Lane
from voxq.queue.store import Store
from voxq.recovery import retention
from voxq.recovery.cleanup import Cleanup
from voxq.recovery.passes import Recovery
from voxq.recovery.restoration import Restoration
from voxq.settings import Queues, Settings
from voxq.storage.blobs.files import FileBlobs
from voxq.storage.blobs.port import Blobs
from voxq.storage.history_log import HistoryLog
from voxq.storage.journal.files import FileJournal
from voxq.storage.journal.port import Journal
from voxq.storage.scratch import WorkFiles
from voxq.storage.voiceprints import Voiceprints
from voxq.tasks.control import Control
from voxq.tasks.ending import Ending
from voxq.tasks.erasure import Erasure


@dataclass(frozen=True, slots=True)
class Parts:
    """Storage on disk and in Redis for all tasks. Constructing it creates missing directories.

    All kinds share the journal, the files and the work in progress; each kind has its own keys and log.
    """

    settings: Settings
    stores: Mapping[str, Store]
    journal: Journal
    logs: Mapping[str, HistoryLog]
    blobs: Blobs
    work: WorkFiles
    voiceprints: Voiceprints

    @classmethod
    def of(cls, settings: Settings) -> Parts:
        return cls(
            settings=settings,
            stores={
                name: _store(name, settings.queues_of(kind), settings)
                for name, kind in kinds.registered().items()
            },
            journal=FileJournal(settings.journal_dir, fsync=settings.fsync),
            logs={
                name: HistoryLog(settings.logs_dir / f"{name}_history.jsonl", fsync=settings.fsync)
                for name in kinds.registered()
            },
            blobs=FileBlobs(settings.recordings_dir, settings.incoming_dir, fsync=settings.fsync),
            work=WorkFiles(settings.work_dir),
            voiceprints=Voiceprints(settings.voiceprints_dir, fsync=settings.fsync),
        )

    def ending(self, client: redis.Redis) -> Ending:
        return Ending(self.journal, self.blobs, self.logs, self.work, self.stores, client)

    def control(self, kind: str, client: redis.Redis) -> Control:
        return Control(
            self.journal, self.logs[kind], self.blobs, self.ending(client), self.stores[kind], client
        )

    def erasure(self, client: redis.Redis) -> Erasure:
        return Erasure(self.voiceprints, {kind: self.control(kind, client) for kind in self.stores})

    def recovery(self, client: redis.Redis) -> Recovery:
        restoration = Restoration(self.journal, self.logs, self.blobs, self.stores, client)
        return Recovery(self.journal, self.blobs, self.ending(client), restoration, self.stores, client)

    def cleanup(self, client: redis.Redis) -> Cleanup:
        limits = retention.Limits(
            max_recordings=self.settings.max_recordings,
            result_ttl=self.settings.result_ttl,
            failed_ttl=self.settings.failed_ttl,
        )
        return Cleanup(self.journal, self.blobs, self.work, self.stores, client, limits)


def _store(kind: str, queues: Queues, settings: Settings) -> Store:
    return Store(
        kind,
        {Lane.HIGH: queues.high, Lane.SHORT: queues.short, Lane.LONG: queues.long},
        result_ttl=settings.result_ttl,
        failed_ttl=settings.failed_ttl,
        history_size=settings.max_history_records,
        task_timeout=settings.rq_worker_timeout,
        max_queue_seconds=settings.max_queue_seconds,
        allowances=settings.allowances,
    )
