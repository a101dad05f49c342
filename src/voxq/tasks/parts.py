"""Everything about tasks, put together from the settings; each process makes its own."""

from __future__ import annotations

from dataclasses import dataclass

import redis

from voxq.settings import Settings
from voxq.tasks import retention
from voxq.tasks.control import Control
from voxq.tasks.ending import Ending
from voxq.tasks.history import HistoryLog
from voxq.tasks.journal import Journal
from voxq.tasks.recordings import Recordings
from voxq.tasks.recovery import Recovery
from voxq.tasks.store import Store
from voxq.tasks.task import Kind, Lane
from voxq.tasks.work import WorkFiles


@dataclass(frozen=True, slots=True)
class Parts:
    """The disk and Redis sides of one kind of task. Making it creates the directories that are missing."""

    settings: Settings
    store: Store
    journal: Journal
    log: HistoryLog
    recordings: Recordings
    work: WorkFiles

    @classmethod
    def of(cls, settings: Settings) -> Parts:
        queues = settings.queues
        return cls(
            settings=settings,
            store=Store(
                Kind.ASR,
                {Lane.HIGH: queues.high, Lane.SHORT: queues.short, Lane.LONG: queues.long},
                result_ttl=settings.result_ttl,
                failed_ttl=settings.failed_ttl,
                history_size=settings.max_history_records,
                task_timeout=settings.rq_worker_timeout,
                max_queue_seconds=settings.max_queue_seconds,
            ),
            journal=Journal(settings.journal_dir, fsync=settings.fsync),
            log=HistoryLog(settings.logs_dir / f"{Kind.ASR}_history.jsonl", fsync=settings.fsync),
            recordings=Recordings(settings.recordings_dir, settings.incoming_dir),
            work=WorkFiles(settings.work_dir),
        )

    def ending(self, client: redis.Redis) -> Ending:
        return Ending(self.journal, self.log, self.work, self.store, client)

    def control(self, client: redis.Redis) -> Control:
        return Control(self.journal, self.log, self.recordings, self.ending(client), self.store, client)

    def recovery(self, client: redis.Redis) -> Recovery:
        limits = retention.Limits(
            max_recordings=self.settings.max_recordings,
            result_ttl=self.settings.result_ttl,
            failed_ttl=self.settings.failed_ttl,
        )
        return Recovery(
            self.journal,
            self.log,
            self.recordings,
            self.work,
            self.ending(client),
            self.store,
            client,
            limits,
        )
