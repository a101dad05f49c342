"""The worker: an RQ worker whose event loop admits tasks, forms batches across them and survives its helpers.

RQ gives it identity, registration and every monitoring view. The loop is its own, because RQ's worker state is
for a single job. One thread does everything here; it never touches a model or an untrusted byte.
"""

from __future__ import annotations

import selectors
import signal
import time
from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar
from uuid import uuid4

import redis
from loguru import logger
from rq.serializers import JSONSerializer
from rq.worker.base import BaseWorker, WorkerStatus

from voxq.engines.base import ChunkError, ChunkResult
from voxq.tasks import documents, script
from voxq.tasks.outcome import Incident, Outcome
from voxq.tasks.parts import Parts
from voxq.tasks.script import Command
from voxq.tasks.store import Claimed, Held, Worker
from voxq.tasks.task import Lane, Status, Task
from voxq.worker import horse_protocol as protocol
from voxq.worker.admission import free_slots
from voxq.worker.assignment import Assignment, Prepared, Span
from voxq.worker.batch import Batch, Member
from voxq.worker.horse_link import HorseFailed, HorseLink, State
from voxq.worker.media_link import MediaFailed, MediaLink, News
from voxq.worker.plan import WorkPlan
from voxq.worker.scheduler import BatchLimits, WaitingChunk, choose, predict
from voxq.worker.usage import OwnerUse
from voxq.worker.wakeup import Wakeup

_T = TypeVar("_T")

_TICK = 1.0
_WORKER_TTL = 30
"""Seconds after which `rq info` forgets a worker that was killed."""
_REDIS_PAUSE = 0.5
_REPORT_EVERY = 0.5


class ModelWorker(BaseWorker):
    """One device's worker. `work()` returns after SIGTERM or SIGINT, with everything handed back."""

    def __init__(
        self,
        parts: Parts,
        plan: WorkPlan,
        *,
        worker_id: int,
        name: str,
        rq_connection: redis.Redis,
        client: redis.Redis,
        horse: HorseLink,
        media: list[MediaLink],
        wakeup: Wakeup,
    ) -> None:
        """`rq_connection` answers bytes, as RQ wants it; `client` answers text."""
        queues = list(parts.store.queues.values())
        super().__init__(
            queues, name=name, connection=rq_connection, serializer=JSONSerializer, worker_ttl=_WORKER_TTL
        )
        self.worker_id = worker_id
        self._parts = parts
        self._settings = parts.settings
        self._store = parts.store
        self._plan = plan
        self._client = client
        self._ending = parts.ending(client)
        self._horse = horse
        self._media = media
        self._wakeup = wakeup
        self._identity = Worker(self.name, self.key)
        self._assignments: dict[str, Assignment] = {}
        self._to_prepare: list[Assignment] = []
        self._unpublished: list[Task] = []
        self._use = OwnerUse()
        self._batch_numbers = count(1)
        self._max_items = plan.traits.max_items
        self._selector = selectors.DefaultSelector()
        self._watched: dict[int, Callable[[], None]] = {}
        self._redis_away_until = 0.0
        self._is_suspended = False
        self._next_tick = 0.0
        self._stop_by: float | None = None

    # -- the loop ---------------------------------------------------------------------------------------------

    def work(self, *_: Any, **__: Any) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Work until told to stop."""
        self._install_signal_handlers()
        self._register_with_rq()
        self._wakeup.start()
        self._watch(self._wakeup.fileno(), self._on_wakeup)
        for link in self._media:
            self._watch_media(link)
        logger.info("Worker-{} status=loading engine={} device={}", *self._introduction())
        try:
            while not self._is_done():
                self._step()
        finally:
            self._leave()
        return True

    def _step(self) -> None:
        now = time.monotonic()
        if now >= self._next_tick:
            self._next_tick = now + _TICK
            self._tick()
        self._admit()
        self._prepare_next()
        self._feed_horse()
        timeout = max(0.0, min(self._next_tick, self._nearest_deadline()) - time.monotonic())
        for key, _ in self._selector.select(timeout):
            callback = self._watched.get(key.fd)
            if callback is not None:  # an earlier event of this round may have ended its process
                callback()
        self._enforce_deadlines()

    def _tick(self) -> None:
        self._publish_pending()
        self._beat()
        if self._stop_by is None and self._horse.ensure_started():
            self._watch_horse()

    def _is_done(self) -> bool:
        if self._stop_by is None:
            return False
        return self._horse.is_idle or time.monotonic() >= self._stop_by

    def _leave(self) -> None:
        """Hand back what is left, finished chunks stay on disk; then disappear from every view."""
        self._horse.kill()
        for link in self._media:
            link.kill()
        self._publish_pending()
        tasks = [assignment.task for assignment in self._assignments.values()]
        released = self._redis(self._store.release(self._identity, tasks)) if tasks else 0
        try:
            self.register_death()
            self._client.hdel("voxq:workers", self.name)
        except redis.RedisError:
            logger.debug("Worker-{} leaves while Redis is away", self.worker_id)
        self._wakeup.close()
        logger.info("Worker-{} status=stopped requeued={}", self.worker_id, released or 0)

    def _install_signal_handlers(self) -> None:
        def stop(*_: Any) -> None:
            self._request_stop()
            self._wakeup.wake()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)

    def _request_stop(self) -> None:
        """First: finish the batch in hand. Asked again: stop now."""
        now = time.monotonic()
        self._stop_by = now if self._stop_by is not None else now + self._settings.shutdown_seconds * 0.7

    @property
    def _revision(self) -> str:
        assert self._horse.loaded is not None  # nothing is admitted before
        return self._horse.loaded.revision

    def _introduction(self) -> tuple[int, str, str]:
        request = self._plan.request
        return self.worker_id, f"{request.engine}/{request.model}", request.device

    # -- Redis ------------------------------------------------------------------------------------------------

    def _redis(self, command: Command[_T]) -> _T | None:
        """None while Redis is away; the loop goes on and looks again soon."""
        if time.monotonic() < self._redis_away_until:
            return None
        try:
            return script.run(self._client, command)
        except redis.RedisError as error:
            self._redis_is_away(error)
            return None

    def _redis_is_away(self, error: redis.RedisError) -> None:
        self._redis_away_until = time.monotonic() + _REDIS_PAUSE
        logger.warning("Worker-{} Redis is away ({})", self.worker_id, type(error).__name__)

    def _register_with_rq(self) -> None:
        self.register_birth()
        self.set_state(WorkerStatus.IDLE)

    def _beat(self) -> None:
        held = [assignment.held for assignment in self._assignments.values()]
        beat = self._redis(
            self._store.beat(self._identity, held, time.time(), _WORKER_TTL + 60, self._facts())
        )
        if beat is None:
            return
        self._is_suspended = beat.suspended
        if not beat.registered:
            try:
                self._register_with_rq()
            except redis.RedisError as error:
                self._redis_is_away(error)
        for task_id in beat.lost:
            assignment = self._assignments.get(task_id)
            if assignment is not None:
                self._hold_on(assignment)

    def _hold_on(self, assignment: Assignment) -> None:
        """The claim is gone. Redis may have lost it, then it is taken up again; or the task was cancelled."""
        if self._parts.journal.has_ended(assignment.task):
            self._drop(assignment, "ended elsewhere")
        elif self._redis(self._registration(assignment)) is False:
            self._drop(assignment, "taken over by another worker")

    def _registration(self, assignment: Assignment) -> Command[bool]:
        return self._store.register(self._identity, assignment.held, time.time(), self._document(assignment))

    def _document(self, assignment: Assignment) -> dict[str, Any]:
        return documents.processing(
            assignment.task,
            progress=assignment.progress,
            text=assignment.transcript().text,
            started_at=assignment.admitted_at,
        )

    def _facts(self) -> dict[str, Any]:
        loaded = self._horse.loaded
        request = self._plan.request
        return {
            "id": self.worker_id,
            "state": self._state_word(),
            "engine": request.engine,
            "model": request.model,
            "device": request.device,
            "pid": self.pid,
            "beat": time.time(),
            "held": len(self._assignments),
            "rtf": round(loaded.cost.per_second, 4) if loaded else None,
            "horse_rss_mb": loaded.rss_mb if loaded else None,
            "load_seconds": round(loaded.seconds, 2) if loaded else None,
            "error": self._horse.error,
        }

    def _state_word(self) -> str:
        if self._stop_by is not None:
            return "stopping"
        if self._horse.error is not None:
            return "failed"
        # A horse that is being replaced after a crash does not make the service unready: its model loads fast.
        return "ready" if self._horse.loaded is not None else "loading"

    # -- admission --------------------------------------------------------------------------------------------

    def _admit(self) -> None:
        if self._stop_by is not None or self._is_suspended or self._horse.loaded is None:
            return
        held = [assignment.task.lane for assignment in self._assignments.values()]
        free = free_slots(held, self._settings.max_inflight)
        if not any(free.values()):
            return
        claimed = self._redis(self._store.claim(self._identity, free))
        for place, each in enumerate(claimed or [], start=1):
            self._take_on(each, place)

    def _take_on(self, claimed: Claimed, place: int) -> None:
        task = self._parts.journal.open_task(claimed.task_id)
        if claimed.task_id in self._assignments:  # Redis lost the claim and somebody queued it again
            self._hold_on(self._assignments[claimed.task_id])
            return
        if task is None or self._parts.journal.has_ended(task):
            self._settle_ghost(claimed, task)
            return
        assignment = Assignment(
            Held(task, uuid4().hex),
            self._parts.work.open(task),
            self._plan.options_for(task),
            admitted_at=time.time(),
        )
        assignment.last_served = time.monotonic()
        registered = self._redis(self._registration(assignment))
        if registered is False:
            return
        # Without an answer (None) the task is worked on all the same: a heartbeat registers it later.
        self._assignments[task.id] = assignment
        self._to_prepare.append(assignment)
        logger.info(
            "Worker-{} task={} status=started queue_position={} lane={}",
            self.worker_id,
            task.short_id,
            place,
            task.lane,
        )

    def _settle_ghost(self, claimed: Claimed, task: Task | None) -> None:
        """A queued id whose task has ended, or that this storage does not know."""
        if task is not None:
            self._unpublished.append(task)
            self._publish_pending()
            return
        logger.error("task={} is queued, but its journal record is not here", claimed.task_id[-12:])
        self._redis(self._store.drop(claimed))

    def _drop(self, assignment: Assignment, reason: str) -> None:
        logger.info(
            "Worker-{} task={} status=dropped reason={!r}", self.worker_id, assignment.task.short_id, reason
        )
        self._let_go(assignment)

    def _let_go(self, assignment: Assignment) -> None:
        self._assignments.pop(assignment.task.id, None)
        if assignment in self._to_prepare:
            self._to_prepare.remove(assignment)
        for link in self._media:
            if link.assignment is assignment:
                self._unwatch_media(link)
                link.kill()

    # -- media ------------------------------------------------------------------------------------------------

    def _prepare_next(self) -> None:
        for assignment in list(self._to_prepare):
            link = self._media_for(assignment)
            if link is None:
                continue
            self._to_prepare.remove(assignment)
            recording = self._parts.recordings.path(assignment.task.file)
            link.prepare(assignment, recording, self._plan.chunking_for(assignment.task))
            self._watch_media(link)

    def _media_for(self, assignment: Assignment) -> MediaLink | None:
        """A free process; the last free one is not for long recordings, so that they cannot take them all."""
        free = [link for link in self._media if link.assignment is None]
        if not free or (assignment.task.lane is Lane.LONG and len(free) == 1 and len(self._media) > 1):
            return None
        return free[0]

    def _watch_media(self, link: MediaLink) -> None:
        self._watch(link.start().fileno(), lambda: self._on_media(link))

    def _unwatch_media(self, link: MediaLink) -> None:
        if link.child is not None:
            self._unwatch(link.child.fileno())

    def _on_media(self, link: MediaLink) -> None:
        descriptor = link.child.fileno() if link.child else -1
        news = link.receive()
        if link.child is None:
            self._unwatch(descriptor)
        if news is not None:
            self._hear(*news)

    def _hear(self, assignment: Assignment, news: News) -> None:
        if assignment.task.id not in self._assignments:
            return
        match news:
            case MediaFailed():
                self._on_media_failed(assignment, news)
            case Prepared():
                assignment.prepared = news
                logger.debug(
                    "Worker-{} task={} vad_segments={} batch_size={} duration={:.1f}s decode={:.2f}s vad={:.2f}s",
                    self.worker_id,
                    assignment.task.short_id,
                    assignment.chunk_count,
                    self._settings.asr_batch_size,
                    news.duration,
                    news.decode,
                    news.vad,
                )
                self._end_if_complete(assignment)
            case spans:
                self._on_spans(assignment, spans)

    def _on_spans(self, assignment: Assignment, spans: list[Span]) -> None:
        assignment.add_spans(spans, self._revision)

    def _on_media_failed(self, assignment: Assignment, failure: MediaFailed) -> None:
        if failure.is_crash:
            self._blame(assignment, failure.code, failure.message)
            if assignment.task.id in self._assignments:
                assignment.start_over()
                self._to_prepare.append(assignment)
        else:
            self._fail(assignment, failure.code, failure.message)

    # -- engine -----------------------------------------------------------------------------------------------

    def _feed_horse(self) -> None:
        while self._stop_by is None and self._horse.has_room:
            waiting = list(self._waiting_chunks())
            limits = self._batch_limits()
            chosen = choose(waiting, self._horse.cost, limits)
            if not chosen:
                return
            members = tuple(Member(self._assignments[chunk.task_id], chunk.index) for chunk in chosen)
            if any(m.assignment.is_suspect for m in members) and not self._horse.is_idle:
                return  # a suspect waits until nobody else can be hurt
            if (
                not self._horse.is_idle
                and self._horse.next_batch
                and self._holds_suspect(self._horse.next_batch)
            ):
                return
            batch = Batch(str(next(self._batch_numbers)), members, predict(self._horse.cost, limits, chosen))
            self._give(batch)

    def _give(self, batch: Batch) -> None:
        for member in batch.members:
            member.assignment.begin(member.index)
        for assignment in batch.assignments:
            assignment.directory.suspect()
        try:
            self._horse.give(batch)
        except HorseFailed as failure:
            self._on_horse_failed(failure)

    @staticmethod
    def _holds_suspect(batch: Batch) -> bool:
        return any(assignment.is_suspect for assignment in batch.assignments)

    def _waiting_chunks(self) -> Any:
        cost = self._horse.cost
        now = time.monotonic()
        for assignment in self._assignments.values():
            task = assignment.task
            key = self._plan.traits.batch_key(assignment.options)
            for index in assignment.ready(language_first=self._plan.traits.detects_language):
                yield WaitingChunk(
                    task_id=task.id,
                    index=index,
                    seconds=assignment.span(index).seconds,
                    key=key,
                    lane=task.lane,
                    waiting_since=assignment.last_served,
                    remaining=cost.per_second * assignment.seconds_left,
                    owner_use=self._use.of(task.owner, now),
                    is_suspect=assignment.is_suspect,
                    batch_seconds=task.options.batch_size or float("inf"),
                )

    def _batch_limits(self) -> BatchLimits:
        return BatchLimits(
            seconds=self._settings.max_batch_ms / 1000,
            padded_seconds=self._settings.asr_batch_size,
            items=self._max_items,
            padded_to=self._plan.traits.padded_to,
        )

    def _watch_horse(self) -> None:
        child = self._horse.child
        if child is not None:
            self._watch(child.fileno(), self._on_horse)

    def _on_horse(self) -> None:
        was_loading = self._horse.state is State.LOADING
        descriptor = self._horse.child.fileno() if self._horse.child else -1
        try:
            finished = self._horse.receive(self._allowed_seconds())
        except HorseFailed as failure:
            self._unwatch(descriptor)
            self._on_horse_failed(failure)
            return
        if was_loading and self._horse.loaded is not None and self._horse.state is State.READY:
            self._on_loaded(self._horse.loaded)
        if finished is not None:
            self._on_finished(*finished)

    def _on_loaded(self, loaded: protocol.Loaded) -> None:
        logger.info(
            "Worker-{} status=ready engine={} device={} load={:.1f}s memory={}MB",
            *self._introduction(),
            loaded.seconds,
            loaded.rss_mb,
        )
        self._next_tick = 0.0  # tell the world at once

    def _allowed_seconds(self) -> float:
        """What the batch that is about to begin may take before one of its tasks is over its limit."""
        batch = self._horse.next_batch
        used = max((a.engine_seconds for a in batch.assignments), default=0.0) if batch else 0.0
        return self._settings.rq_worker_timeout - used

    def _on_finished(self, batch: Batch, finished: protocol.Finished) -> None:
        now = time.monotonic()
        if len(finished.items) != len(batch.members):
            self._on_batch_failed(batch, ChunkError("engine_error", "The engine lost count of its chunks."))
            return
        for member in batch.members:
            seconds = finished.seconds * batch.share(member)
            member.assignment.engine_seconds += seconds
            member.assignment.last_served = now
            self._use.add(member.assignment.task.owner, seconds, now)
        for assignment in batch.assignments:
            assignment.directory.clear()
        if finished.batch_failed:
            error = next((item for item in finished.items if isinstance(item, ChunkError)), None)
            self._on_batch_failed(batch, error or ChunkError("engine_error", "The engine failed."))
            return
        for member, item in zip(batch.members, finished.items, strict=True):
            if member.assignment.task.id not in self._assignments:
                continue  # cancelled meanwhile
            if isinstance(item, ChunkResult):
                self._on_result(member, item)
            else:
                self._on_chunk_error(batch, member, item)
        for assignment in batch.assignments:
            if assignment.task.id in self._assignments:
                self._after_batch(assignment)

    def _on_result(self, member: Member, result: ChunkResult) -> None:
        assignment = member.assignment
        assignment.finish(member.index, result, self._revision)
        assignment.is_suspect = False

    def _on_chunk_error(self, batch: Batch, member: Member, error: ChunkError) -> None:
        """One chunk's error is its task's alone; running out of memory is the batch's."""
        assignment = member.assignment
        assignment.give_up(member.index)
        if error.code == "out_of_memory" and len(batch.members) > 1:
            self._shrink_batches(len(batch.members))
            assignment.add_incident(Incident(time.time(), error.code, error.message), blamed=False)
            return
        self._blame(assignment, error.code, error.message)

    def _shrink_batches(self, size: int) -> None:
        smaller = max(1, size // 2)
        if smaller < self._max_items:
            self._max_items = smaller
            logger.warning("Worker-{} out of memory: batches of {} from now on", self.worker_id, smaller)

    def _after_batch(self, assignment: Assignment) -> None:
        if assignment.engine_seconds > self._settings.rq_worker_timeout and not assignment.is_complete:
            self._time_out(assignment)
        elif not self._end_if_complete(assignment):
            self._report(assignment)

    def _report(self, assignment: Assignment) -> None:
        now = time.monotonic()
        if now - assignment.reported_at < _REPORT_EVERY:
            return
        assignment.reported_at = now
        if (
            self._redis(self._store.report(self._identity, assignment.task, self._document(assignment)))
            is False
        ):
            self._hold_on(assignment)

    def _on_batch_failed(self, batch: Batch, error: ChunkError) -> None:
        """The call failed as a whole: one of them did it. Alone there is no doubt."""
        self._accuse(batch, error.code, error.message)

    def _on_horse_failed(self, failure: HorseFailed) -> None:
        """The horse is gone: what it was in is suspect, what waited behind is not."""
        for batch in self._horse.take_back():
            self._return_chunks(batch)
            for assignment in batch.assignments:
                assignment.directory.clear()
        if self._horse.error is not None:
            logger.error("Worker-{} error={!r}", self.worker_id, self._horse.error)
        elif self._stop_by is None:
            logger.error("Worker-{} the engine process ended: {}", self.worker_id, failure)
        if failure.batch is not None:
            self._accuse(
                failure.batch, "engine_crashed", f"The engine crashed on this recording ({failure})."
            )
        self._next_tick = 0.0

    def _accuse(self, batch: Batch, code: str, message: str) -> None:
        self._return_chunks(batch)
        suspects = [a for a in batch.assignments if a.task.id in self._assignments]
        if len(suspects) == 1 and len(batch.assignments) == 1:
            self._blame(suspects[0], code, message)
            return
        for assignment in suspects:
            assignment.is_suspect = True
            assignment.add_incident(Incident(time.time(), code, message), blamed=False)

    @staticmethod
    def _return_chunks(batch: Batch) -> None:
        for member in batch.members:
            member.assignment.give_up(member.index)

    def _blame(self, assignment: Assignment, code: str, message: str) -> None:
        assignment.add_incident(Incident(time.time(), code, message), blamed=True)
        assignment.directory.clear()
        if assignment.blames >= self._settings.max_attempts:
            self._fail(assignment, code, f"{message} Given up after {assignment.blames} attempts.")
        else:
            assignment.is_suspect = True
            logger.warning(
                "Worker-{} task={} attempt={} code={}",
                self.worker_id,
                assignment.task.short_id,
                assignment.blames,
                code,
            )

    def _nearest_deadline(self) -> float:
        return min([self._horse.deadline, *(link.deadline for link in self._media)])

    def _enforce_deadlines(self) -> None:
        now = time.monotonic()
        if now >= self._horse.deadline:
            self._horse_is_late()
        for link in self._media:
            if now >= link.deadline:
                self._unwatch_media(link)
                news = link.expire()
                if news is not None:
                    self._hear(*news)

    def _horse_is_late(self) -> None:
        batch, allowed = self._horse.next_batch, self._allowed_seconds()
        started = self._horse.running_for()
        if self._horse.child is not None:
            self._unwatch(self._horse.child.fileno())
        failure = self._horse.kill()
        over = (
            [a for a in batch.assignments if a.engine_seconds + started >= self._settings.rq_worker_timeout]
            if (batch and started >= allowed)
            else []
        )
        for assignment in over:
            self._time_out(assignment)
        self._on_horse_failed(failure)

    # -- ends -------------------------------------------------------------------------------------------------

    def _end_if_complete(self, assignment: Assignment) -> bool:
        if not assignment.is_complete:
            return False
        outcome = assignment.done(time.time(), self.worker_id)
        self._end(assignment, outcome)
        logger.info(
            "Worker-{} task={} status=completed text_length={} rtf={}",
            self.worker_id,
            assignment.task.short_id,
            len(outcome.text),
            outcome.timings.rtf,
        )
        return True

    def _time_out(self, assignment: Assignment) -> None:
        limit = self._settings.rq_worker_timeout
        self._fail(
            assignment,
            "timeout",
            f"Processing timeout ({limit}s exceeded)",
            f"Processing timeout after {limit}s",
        )

    def _fail(self, assignment: Assignment, code: str, error: str, logged: str | None = None) -> None:
        self._end(assignment, assignment.failed(time.time(), self.worker_id, code, error))
        logger.error(
            'Worker-{} task={} error="{}"', self.worker_id, assignment.task.short_id, logged or error
        )

    def _end(self, assignment: Assignment, outcome: Outcome) -> None:
        self._ending.decide(assignment.task, outcome)
        self._let_go(assignment)
        self._unpublished.append(assignment.task)
        self._publish_pending()

    def _publish_pending(self) -> None:
        if time.monotonic() < self._redis_away_until:
            return
        while self._unpublished:
            try:
                self._ending.publish(self._unpublished[0], self._identity)
            except redis.RedisError as error:
                self._redis_is_away(error)
                return
            del self._unpublished[0]

    # -- commands and watching --------------------------------------------------------------------------------

    def _on_wakeup(self) -> None:
        for command in self._wakeup.drain():
            match command:
                case {"command": "shutdown"}:
                    self._request_stop()
                case {"command": "kill-horse"}:
                    if self._horse.child is not None:
                        self._unwatch(self._horse.child.fileno())
                        self._pardon(self._horse.kill())
                case {"command": "stop-job", "job_id": str(task_id)} if task_id in self._assignments:
                    self._stop_task(self._assignments[task_id])

    def _pardon(self, failure: HorseFailed) -> None:
        """An operator killed the horse: nobody is to blame."""
        if failure.batch is not None:
            self._return_chunks(failure.batch)
            for assignment in failure.batch.assignments:
                assignment.directory.clear()
        self._on_horse_failed(HorseFailed(str(failure)))

    def _stop_task(self, assignment: Assignment) -> None:
        now = time.time()
        self._end(assignment, Outcome(Status.CANCELLED, now, assignment.task.duration or 0.0))

    def _watch(self, descriptor: int, callback: Callable[[], None]) -> None:
        self._unwatch(descriptor)  # a closed descriptor's number may come back as another process's
        self._selector.register(descriptor, selectors.EVENT_READ)
        self._watched[descriptor] = callback

    def _unwatch(self, descriptor: int) -> None:
        if self._watched.pop(descriptor, None) is not None:
            try:
                self._selector.unregister(descriptor)
            except (KeyError, ValueError):
                logger.debug("descriptor {} was closed before it was unwatched", descriptor)
