"""Bringing journal, Redis and the JSONL logs back into agreement, whatever died. Everything blocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar, cast

import redis
from loguru import logger

from voxq.tasks import claiming, ends, foreign_keys, queueing, retention, script
from voxq.tasks.ending import Ending
from voxq.tasks.history import HistoryLog
from voxq.tasks.idempotency import key_left
from voxq.tasks.journal import Ended, Journal
from voxq.tasks.names import EPOCH_KEY, SERVER_KEY
from voxq.tasks.recordings import Recordings
from voxq.tasks.script import Command
from voxq.tasks.storage_id import is_other
from voxq.tasks.store import Store
from voxq.tasks.task import Kind, Task, age_order, day_of, short_id
from voxq.tasks.work import WorkFiles

T = TypeVar("T")

_AT_ONCE = 500  # ids per script call: Redis is not to be held up
_PATIENCE = 2.5  # a heartbeat, and a little more
_STALE_UPLOAD = 3 * 3600.0  # longer than a clock jumps: one under way is written to all the time
_STALE_WRITE = 600.0


class Recovery:
    """What the janitor does for all kinds of tasks. Safe to run twice at once; a lock only saves the work."""

    def __init__(
        self,
        journal: Journal,
        logs: Mapping[Kind, HistoryLog],
        recordings: Recordings,
        work: WorkFiles,
        ending: Ending,
        stores: Mapping[Kind, Store],
        client: redis.Redis,
        limits: retention.Limits,
    ) -> None:
        self._journal = journal
        self._logs = logs
        self._recordings = recordings
        self._work = work
        self._ending = ending
        self._stores = stores
        self._client = client
        self._limits = limits
        self._key_types = foreign_keys.expected(stores.values())
        self._behind_since: float | None = None
        self._known_ends: dict[tuple[str, int], retention.EndedRecord] = {}

    def clear_the_way(self) -> None:
        """Put aside what stands at our names and is not ours; what was there before is filled again."""
        if foreign_keys.put_aside(self._client, self._key_types):
            self._client.delete(EPOCH_KEY)

    def bring_back_dead(self) -> int:
        """Tasks of workers whose heartbeat ended go back to the front of their lanes, free of charge."""
        back = [
            task_id
            for store in self._stores.values()
            for task_id in script.run(self._client, claiming.reap(store, time.time()))
        ]
        for task_id in back:
            logger.warning("task={} requeued: its worker is gone", short_id(task_id))
        return len(back)

    def complete(self) -> int:
        """Finish every interrupted end, and enqueue every accepted task that Redis would not deliver.

        Does nothing while Redis may have lost something: then `rebuild` comes first.
        """
        is_whole = self._is_ours(self._epoch()) and self._noted_server() == self._server()
        return self._complete() if is_whole else 0

    def rebuild(self, patience: float = _PATIENCE) -> bool:
        """If Redis came back empty (its epoch is missing), or from another storage, restore queue, results,
        index and history. If it was only started anew, it may have come back as it was a while ago: then
        restore what has happened since.

        Workers have `patience` seconds from the first look to register again what they hold. True: it was
        done. The epoch and the server are noted last: an interrupted rebuild is done again.
        """
        epoch, server = self._epoch(), self._server()
        if epoch == self._journal.storage and self._noted_server() == server:
            self._behind_since = None
            return False
        now = time.monotonic()
        if self._behind_since is None:
            self._behind_since = now
            if not self._is_ours(epoch):
                what = "has worked for another storage" if epoch else "is new or came back empty"
                logger.warning("Redis {}: it is filled again from the journal", what)
        if now - self._behind_since < patience:
            return False
        self._complete(has_redis_lost=True)
        self._restore_results()
        if not self._is_ours(epoch):
            self._restore_keys(self._kept_tasks())
            self._restore_index()
        self._restore_history()
        self._client.mset({EPOCH_KEY: self._journal.storage, SERVER_KEY: server})
        return True

    def _epoch(self) -> str | None:
        return cast("str | None", self._client.get(EPOCH_KEY))  # the client decodes

    def _is_ours(self, epoch: str | None) -> bool:
        """Whether Redis works for this storage; earlier versions wrote something else."""
        return bool(epoch) and not is_other(epoch, self._journal.storage)

    def _noted_server(self) -> str | None:
        """The one that was last put right."""
        return cast("str | None", self._client.get(SERVER_KEY))

    def _server(self) -> str:
        """What Redis calls itself from one start to the next."""
        return str(cast("dict[str, Any]", self._client.info("server")).get("run_id", ""))

    def plan_retention(self) -> retention.Plan:
        """What `retain` would delete now; needs no Redis."""
        # In this order: a task that ends meanwhile is still seen as open, and so kept.
        recordings = self._recordings.all()
        kept = [*self._journal.open_ids(), *self._journal.unreadable_ids()]
        return retention.plan(time.time(), recordings, kept, self._ended(), self._limits)

    def retain(self) -> None:
        """Delete what retention allows; see `voxq.tasks.retention`."""
        plan = self.plan_retention()
        self._unindex(plan)  # first: once the files are gone, nothing leads here again after a crash
        for name in plan.recordings:
            self._recordings.remove(name)
        for record in plan.records:
            self._journal.forget(record.task_id, record.run)
        if plan.recordings or plan.records:
            logger.info(
                "retention: {} recordings, {} records deleted", len(plan.recordings), len(plan.records)
            )
        self._sweep()

    def _unindex(self, plan: retention.Plan) -> None:
        """A short id leads to its task for as long as there is a recording or a result of it."""
        names, runs = set(plan.recordings), {(record.task_id, record.run) for record in plan.records}
        touched = {name.partition(".")[0] for name in names} | {task_id for task_id, _ in runs}
        if not touched:
            return
        left = {recording.task_id for recording in self._recordings.all() if recording.name not in names}
        left |= {run[0] for run in self._journal.ended_runs() if run not in runs}
        gone = [short_id(task_id) for task_id in touched - left]
        for store in self._stores.values() if gone else ():
            self._client.hdel(store.audio_key, *gone)

    def _sweep(self) -> None:
        now = time.time()
        self._recordings.sweep(now - _STALE_UPLOAD)
        self._journal.sweep(now - _STALE_WRITE)
        for name in list(self._work.names()):
            task_id = name.rpartition(".")[0]
            if self._journal.open_task(task_id) is None:
                self._work.remove_named(name)

    def _complete(self, *, has_redis_lost: bool = False) -> int:
        has_ended = {task_id for task_id, _ in self._journal.ended_runs()}
        count = 0
        for ids in _batches(self._journal.open_ids(), _AT_ONCE):
            missing = self._ask_all(partial(queueing.missing, task_ids=ids))
            for task_id in ids:
                if task_id in missing or task_id in has_ended:
                    try:
                        count += self._complete_task(task_id, has_redis_lost)
                    except OSError as error:  # a sick disk must not keep the others from being looked at
                        logger.error("task={} cannot be completed: {}", short_id(task_id), error)
        if count:
            logger.info("{} tasks brought into agreement with the journal", count)
        return count

    def _ask_all(self, command: Callable[[Store], Command[list[str]]]) -> set[str]:
        """The tasks that all stores name: a task is of one kind, and only its own store vouches for it."""
        return set.intersection(
            *(set(script.run(self._client, command(store))) for store in self._stores.values())
        )

    def _complete_task(self, task_id: str, has_redis_lost: bool) -> bool:
        """Whether there was something to do. `has_redis_lost`: it may have forgotten what it knew."""
        task = self._journal.open_task(task_id)
        if task is None:
            return False
        if self._journal.has_ended(task):
            self._ending.publish(task)
            return True
        store = self._stores[task.kind]
        enqueued = script.run(self._client, queueing.enqueue(store, task, limited=False))
        if enqueued.answer == "same" and has_redis_lost:
            # Redis had forgotten the key when it was used again, so both clients may have been answered.
            task = task.evolve(idempotency=None)
            self._journal.accept(task)
            enqueued = script.run(self._client, queueing.enqueue(store, task, limited=False))
        elif enqueued.answer == "same":  # its client was answered with the other task
            self._journal.withdraw(task.id)
            self._recordings.remove(task.file)
        if enqueued.answer == "queued" and not self._journal.is_known(task):
            script.run(self._client, queueing.forget(store, task.id))  # withdrawn by its intake meanwhile
        return enqueued.answer != "known"

    def _latest_ends(self) -> dict[str, int]:
        """Ended tasks and their last runs."""
        latest: dict[str, int] = {}
        for task_id, run in self._journal.ended_runs():
            latest[task_id] = max(run, latest.get(task_id, 0))
        return latest

    def _ended(self) -> list[retention.EndedRecord]:
        """All ended runs. Each record is read once in the life of this object: it never changes."""
        runs = list(self._journal.ended_runs())
        known = {run: self._known_ends.get(run) or self._read_end(*run) for run in runs}
        self._known_ends = {run: record for run, record in known.items() if record is not None}
        return list(self._known_ends.values())

    def _read_end(self, task_id: str, run: int) -> retention.EndedRecord | None:
        end = self._journal.ended(task_id, run)
        if end is None:
            return None
        task, outcome = end.task, end.outcome
        return retention.EndedRecord(task_id, run, task.kind, outcome.status, outcome.ended_at, task.file)

    def _restore_results(self) -> None:
        """Tell Redis of every end that it does not show."""
        # In this order: what ends meanwhile is still open here, and somebody else's to tell.
        latest, open_ids = self._latest_ends(), set(self._journal.open_ids())
        closed = [(task_id, run) for task_id, run in latest.items() if task_id not in open_ids]
        for runs in _batches(closed, _AT_ONCE):
            behind = self._ask_all(partial(ends.unended, runs=runs))
            found = (self._journal.ended(task_id, run) for task_id, run in runs if task_id in behind)
            told = [end.task for end in found if end is not None and self._tell_again(end)]
            self._restore_keys(told)
            if told:
                logger.warning("Redis had lost the ends of {} tasks", len(told))

    def _tell_again(self, end: Ended) -> bool:
        """False when its time is over."""
        store, now = self._stores[end.task.kind], time.time()
        if store.seconds_left(end.outcome, now) <= 0:
            return False
        if not script.run(self._client, ends.restore(store, end, now)):
            script.run(self._client, ends.finish(store, end, now))
        return True

    def _restore_keys(self, tasks: Iterable[Task]) -> None:
        """Their Idempotency-Keys, whether or not they have ended."""
        now = time.time()
        pipeline = self._client.pipeline(transaction=False)
        for task in tasks:
            if key := key_left(task, now):
                name, seconds = key
                pipeline.set(name, task.id, nx=True, ex=seconds)
        pipeline.execute()

    def _kept_tasks(self) -> Iterator[Task]:
        yield from filter(None, map(self._journal.open_task, self._journal.open_ids()))
        found = (self._journal.ended(task_id, run) for task_id, run in self._latest_ends().items())
        yield from (end.task for end in found if end is not None)

    def _restore_index(self) -> None:
        today = day_of(time.time())
        number = 0
        pipeline = self._client.pipeline(transaction=False)
        recordings = self._recordings.all()
        kinds = self._kinds_of({recording.task_id for recording in recordings})
        for recording in recordings:
            key = self._stores[kinds[recording.task_id]].audio_key
            pipeline.hsetnx(key, short_id(recording.task_id), recording.name)
            day, of_day = age_order(recording.task_id)
            if day == today:
                number = max(number, of_day)
        for store in self._stores.values():
            pipeline.set(f"{store.kind}:day:{today}", number, ex=172800, nx=True)
        pipeline.execute()

    def _kinds_of(self, task_ids: Collection[str]) -> dict[str, Kind]:
        """Which kind of task each was. Its record tells; when that is gone, the log in which it ended."""
        latest = self._latest_ends()
        kinds: dict[str, Kind] = {}
        for task_id in task_ids:
            end = self._journal.ended(task_id, latest[task_id]) if task_id in latest else None
            task = end.task if end else self._journal.open_task(task_id)
            if task is not None:
                kinds[task_id] = task.kind
        if len(kinds) < len(task_ids):
            spoken = {record.get("task_id") for record in self._logs[Kind.TTS].records()}
            left = set(task_ids) - kinds.keys()
            kinds |= {task_id: Kind.TTS if task_id in spoken else Kind.ASR for task_id in left}
        return kinds

    def _restore_history(self) -> None:
        for kind, store in self._stores.items():
            logged = (each for each in self._logs[kind].records() if each.get("status") != "cancelled")
            latest = list(islice(logged, store.history_size))
            if latest:
                script.run(self._client, ends.remember(store, latest))


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
