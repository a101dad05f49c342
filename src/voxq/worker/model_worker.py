"""The worker: an RQ worker whose event loop admits tasks and keeps its media processes and its horses busy.

RQ gives it identity, registration and every monitoring view. The loop is its own, because RQ's worker state
is for a single job. One thread does everything here; it never touches a model or an untrusted byte.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import redis
from loguru import logger
from rq.serializers import JSONSerializer
from rq.worker.base import BaseWorker, WorkerStatus

from voxq import killpoint
from voxq.metrics import sums
from voxq.metrics.counters import Counters
from voxq.tasks.claiming import Claimed, Held, Room, Worker
from voxq.tasks.names import WORKERS_KEY
from voxq.tasks.outcome import Outcome, Timings, elapsed
from voxq.tasks.parts import Parts
from voxq.tasks.storage_id import is_other
from voxq.tasks.task import Kind, Lane, Status, Task
from voxq.tasks.work import WorkDirectory
from voxq.worker import joining
from voxq.worker.admission import rooms_of
from voxq.worker.assignment import AnyAssignment, Prepared
from voxq.worker.batch import Batch
from voxq.worker.blame import Blame
from voxq.worker.claims import WORKER_TTL, Claims
from voxq.worker.closing import Closing
from voxq.worker.complaint import Complaint
from voxq.worker.engine_room import EngineRoom
from voxq.worker.facts import facts
from voxq.worker.joining import Grown, Joining
from voxq.worker.media_link import MediaFailed, MediaLink, News
from voxq.worker.media_requests import MediaRequests
from voxq.worker.plan import ModelPlan, ModelUnavailable, WorkPlan
from voxq.worker.poller import Poller
from voxq.worker.preparation import Preparation
from voxq.worker.recognition import Recognition
from voxq.worker.redis_line import RedisLine
from voxq.worker.stable import Stable
from voxq.worker.stall import Stall
from voxq.worker.synthesis import Joined, Synthesis
from voxq.worker.wakeup import Wakeup

_TICK = 1.0
_TROUBLE_PAUSE = 5.0
"""Seconds without new tasks after the disk did not take one."""
_SHARE_OF_SHUTDOWN = 0.7
"""Of SHUTDOWN_SECONDS is for what engines were given; the rest is for handing back."""
_BYTES_PER_SECOND = 64_000
"""Of decoded sound."""


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
        stable: Stable,
        poller: Poller,
        media: Sequence[MediaLink],
        wakeup: Wakeup,
        counters: Counters,
        slots: int,
    ) -> None:
        """`rq_connection` answers bytes, as RQ wants it; `client` answers text. `slots`: tasks at once."""
        queues = [queue for store in parts.stores.values() for queue in store.queues.values()]
        super().__init__(
            queues, name=name, connection=rq_connection, serializer=JSONSerializer, worker_ttl=WORKER_TTL
        )
        self.worker_id = worker_id
        self._parts = parts
        self._settings = settings = parts.settings
        self._plan = plan
        self._client = client
        self._stable = stable
        self._slots = slots
        self._wakeup = wakeup
        self._counters = counters
        identity = Worker(self.name, self.key)
        self._line = RedisLine(client, worker_id)
        self._trouble = Complaint(worker_id)
        self._poller = poller
        self._claims = Claims(parts.stores, client, self._line, identity)
        self._preparation = Preparation(
            media,
            MediaRequests(plan, parts.recordings, settings.max_audio_seconds).of,
            self._poller,
            self._hear,
            self._trouble,
            sound_seconds=(settings.worker_pcm_mb << 20) / _BYTES_PER_SECOND,
            long_seconds=settings.long_audio_seconds,
            patience=settings.media_timeout_seconds,
        )
        self._joining = Joining(
            self._poller,
            self._hear_joining,
            self._trouble,
            timeout=settings.media_timeout_seconds,
            patience=settings.media_timeout_seconds,
        )
        self._blame = Blame(self, settings.max_attempts, counters, worker_id)
        self._engine = EngineRoom(
            stable, plan, settings, self, self._blame, self._trouble, counters, worker_id
        )
        self._closing = Closing(parts.ending(client), self._line, identity, self._trouble, worker_id)
        self._assignments: dict[str, AnyAssignment] = {}
        self._is_ready = False
        self._is_suspended = False
        self._is_draining = False
        self._may_have_work = True
        self._is_work_left = False
        """As far as is known: what came since has woken the loop."""
        self._admit_from = 0.0
        self._next_tick = 0.0
        self._stop_by: float | None = None
        self._last_batches: Collection[Batch] = ()

    def work(self, *_: Any, **__: Any) -> bool:
        """Work until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._line.attempt(self._register)
        self._wakeup.start()
        self._poller.watch(self._wakeup.fileno(), self._on_wakeup)
        self._preparation.start()
        logger.info("Worker-{} status=starting device={}", self.worker_id, self._plan.device)
        try:
            while not self._is_done():
                self._step()
        finally:
            self._leave()
        return True

    # What the engine room tells and asks (its Desk).

    def assignments(self) -> Iterable[AnyAssignment]:
        return self._assignments.values()

    def holds(self, assignment: AnyAssignment) -> bool:
        return self._assignments.get(assignment.task.id) is assignment

    def advanced(self, assignment: AnyAssignment) -> None:
        if assignment.outcome is not None:
            return
        if assignment.is_complete:
            self._complete(assignment)
        elif not (isinstance(assignment, Synthesis) and self._join(assignment)):
            self._report(assignment)

    def timed_out(self, assignment: AnyAssignment, limit: float) -> None:
        self.failed(assignment, "timeout", f"Processing timeout ({limit:.0f}s exceeded)")

    def lost_sound(self, assignment: AnyAssignment) -> None:
        if not self._is_open(assignment.task):
            self._drop(assignment, "it ended elsewhere")
        else:
            message = f"The sound of this {assignment.subject} is gone."
            self._blame.blame(assignment, "audio_unavailable", message)
            self._prepare_anew(assignment)

    def failed(self, assignment: AnyAssignment, code: str, error: str) -> None:
        self._end(assignment, assignment.failed(time.time(), self.worker_id, code, error))

    def hand_back(self, assignment: AnyAssignment) -> None:
        assignment.release()
        self._claims.release([assignment.task])  # without Redis its claim will expire
        self._let_go(assignment)

    def model_changed(self, stall: Stall) -> None:
        if stall.horse.is_ready and stall.horse.loaded is not None:
            logger.info(
                "Worker-{} model={} status=loaded engine={} device={} load={:.1f}s memory={}MB",
                self.worker_id,
                stall.name,
                stall.plan.request.engine,
                stall.plan.request.device,
                stall.load_seconds,
                stall.memory_mb,
            )
        self._next_tick = 0.0  # tell the world, or get a new horse, at once

    def _report(self, assignment: AnyAssignment) -> None:
        if self._claims.report(assignment) is False:
            self._hold_on(assignment)

    # The loop.

    def _step(self) -> None:
        events = (self._engine.next_event, self._preparation.deadline, self._joining.deadline)
        reports = (assignment.report_at for assignment in self._assignments.values())
        nearest = min(self._next_tick, *events, *reports)
        ready = self._poller.wait(nearest - time.monotonic())
        # Heartbeats first: after a long standstill others may have taken over what the messages are about.
        if time.monotonic() >= self._next_tick:
            self._next_tick = time.monotonic() + _TICK
            self._tick()
        self._poller.call(ready)
        self._engine.enforce_deadlines()
        self._preparation.enforce_deadlines()
        self._joining.enforce_deadlines()
        self._joining.advance()
        for assignment in list(self._assignments.values()):
            if time.monotonic() >= assignment.report_at:
                self._report(assignment)
        if self._is_draining and not self._assignments and self._stop_by is None:
            self._request_stop()
        if self._stop_by is None:
            self._admit()
            self._preparation.advance()
            self._engine.feed()

    def _tick(self) -> None:
        for assignment in list(self._assignments.values()):
            if assignment.outcome is not None:
                self._end(assignment, assignment.outcome)
            elif assignment.is_complete:
                self._complete(assignment)  # the disk did not take it a moment ago
        self._closing.publish()
        self._beat()
        self._tell()
        if not self._is_ready and self._stable.is_settled:
            self._is_ready = True
            logger.info("Worker-{} status=ready device={}", self.worker_id, self._plan.device)
        self._may_have_work = True  # wake-ups are hints, and can be lost
        if self._stop_by is None:
            self._engine.look_after_models()

    def _is_done(self) -> bool:
        if self._stop_by is None:
            return False
        in_hand = {batch.id for batch in self._engine.batches}
        is_done = in_hand.isdisjoint(batch.id for batch in self._last_batches)
        return is_done or time.monotonic() >= self._stop_by

    def _leave(self) -> None:
        """Hand back what is left, finished chunks stay on disk; then disappear from every view."""
        self._engine.close()
        self._preparation.close()
        self._joining.close()
        self._closing.publish()
        for assignment in self._assignments.values():
            assignment.release()
        released = self._claims.release([assignment.task for assignment in self._assignments.values()])
        self._tell()
        self._line.attempt(self.register_death)
        self._line.attempt(lambda: self._client.hdel(WORKERS_KEY, self.name))
        self._wakeup.close()
        logger.info("Worker-{} status=stopped requeued={}", self.worker_id, released)

    def _on_signal(self, *_: Any) -> None:
        self._request_stop()
        self._wakeup.wake()

    def _request_stop(self) -> None:
        """First: finish what engines were given. Asked again: stop now."""
        now = time.monotonic()
        patience = self._settings.shutdown_seconds * _SHARE_OF_SHUTDOWN
        self._stop_by = now if self._stop_by is not None else now + patience
        self._last_batches = self._engine.batches

    def _on_wakeup(self) -> None:
        self._may_have_work = True
        for command in self._wakeup.drain():
            match command:
                case {"command": "shutdown"}:
                    self._request_stop()
                case {"command": "drain"}:
                    self._is_draining = True
                    logger.info("Worker-{} status=draining tasks={}", self.worker_id, len(self._assignments))
                case {"command": "kill-horse"}:
                    self._engine.pardon()
                case {"command": "stop-job", "job_id": str(task_id)} if task_id in self._assignments:
                    assignment = self._assignments[task_id]
                    self._end(assignment, assignment.cancelled(time.time(), self.worker_id))

    # Being there.

    def _register(self) -> None:
        with contextlib.suppress(ValueError):  # what was sent into an outage has arrived after all
            self.register_birth()
        self.set_state(WorkerStatus.IDLE)

    def _beat(self) -> None:
        held = self._assignments.values()
        is_stopping = self._stop_by is not None or self._is_draining
        about_me = facts(self.worker_id, self._plan, self._stable, held, is_stopping=is_stopping)
        beat = self._claims.beat(self._assignments.values(), about_me, self._rooms())
        if beat is None:
            return
        # While Redis works for another storage, what waits there is unknown here, and would only be dropped.
        self._is_suspended = beat.suspended or is_other(beat.epoch, self._parts.journal.storage)
        if not beat.registered:
            self._line.attempt(self._register)
        for task_id in beat.lost:
            if task_id in self._assignments:
                self._hold_on(self._assignments[task_id])

    def _tell(self) -> None:
        """What was counted since, if Redis is there; else later."""
        parcel = self._counters.parcel()
        if parcel is not None and self._line.run(sums.tell(parcel)) is not None:
            self._counters.arrived(parcel)

    # Tasks out.

    def _hold_on(self, assignment: AnyAssignment) -> None:
        """The claim is gone. Redis may have lost it, then it is taken up again; or the task was cancelled."""
        if not self._is_open(assignment.task):
            self._drop(assignment, "it ended elsewhere")
        elif self._claims.register(assignment) is False:
            self._drop(assignment, "another worker took it over")

    def _is_open(self, task: Task) -> bool:
        """Whether it is to be worked on. Where a sick disk does not tell, it is: the end is decided later."""
        try:
            return self._parts.journal.is_open(task)
        except OSError as error:
            self._trouble.about(error)
            return True

    def _drop(self, assignment: AnyAssignment, reason: str) -> None:
        self._let_go(assignment)
        self._leave_nothing(assignment.task)
        logger.info(
            'Worker-{} task={} status=dropped reason="{}"', self.worker_id, assignment.task.short_id, reason
        )

    def _leave_nothing(self, task: Task) -> None:
        """Whoever ended the task removed its files, and some were written here at that moment."""
        if not self._is_open(task):
            self._parts.work.remove(task)

    def _join(self, text: Synthesis) -> bool:
        """More of its sentences may be spoken. False if nothing comes of that now."""
        if text.needs_no_engine and text.is_silent:
            self.failed(text, "unpronounceable", "There is nothing in this text that can be said.")
            return True
        return self._joining.go_on(text)

    def _complete(self, assignment: AnyAssignment) -> None:
        """All of its work is done; speech is put where clients find it, before anybody is told."""
        if isinstance(assignment, Synthesis) and assignment.file.exists():
            try:
                self._parts.recordings.keep(assignment.file, assignment.task.file, fsync=self._settings.fsync)
            except OSError as error:
                self._trouble.about(error)
                return
            killpoint.reached("W4")
        self._end(assignment, assignment.done(time.time(), self.worker_id))

    def _end(self, assignment: AnyAssignment, outcome: Outcome) -> None:
        """Let the task go once its end is on disk; until then it stays held, and this is tried again."""
        self._put_away(assignment)
        if self._closing.end(assignment.task, outcome):
            self._let_go(assignment)
        else:
            assignment.outcome = outcome

    def _let_go(self, assignment: AnyAssignment) -> None:
        self._assignments.pop(assignment.task.id, None)
        self._put_away(assignment)
        self._may_have_work |= self._is_work_left  # a slot is free

    def _put_away(self, assignment: AnyAssignment) -> None:
        self._preparation.remove(assignment)
        if isinstance(assignment, Synthesis):
            self._joining.remove(assignment)

    # Tasks in.

    def _admit(self) -> None:
        rooms = self._rooms() if self._may_have_work else None
        if rooms is None or not any(free for room in rooms.values() for free in room.free.values()):
            return
        catch = self._claims.take(self._held(), self._slots, self._plan.models(), self._engine.broken)
        if catch is None:
            self._may_have_work = False  # until the next tick
            return
        self._is_work_left = catch.left > 0
        self._may_have_work = self._is_work_left and bool(catch.claimed)
        if catch.claimed:
            killpoint.reached("W1")
        for place, each in enumerate(catch.claimed, start=1):
            self._take_on(each, place)

    def _held(self) -> list[tuple[Kind, Lane]]:
        return [(assignment.task.kind, assignment.task.lane) for assignment in self._assignments.values()]

    def _rooms(self) -> Mapping[Kind, Room] | None:
        """None: it takes on nothing now."""
        is_stopping = self._stop_by is not None or self._is_draining
        if is_stopping or self._is_suspended or not self._stable.is_settled:
            return None
        if time.monotonic() < self._admit_from:
            return None
        return rooms_of(self._held(), self._slots, self._plan.models(), self._engine.broken)

    def _take_on(self, claimed: Claimed, place: int) -> None:
        if claimed.task_id in self._assignments:  # Redis lost the claim, and somebody queued it again
            self._hold_on(self._assignments[claimed.task_id])
            return
        try:
            task = self._parts.journal.open_task(claimed.task_id)
            end = None if task else self._parts.journal.last_end(claimed.task_id)
        except OSError as error:  # a sick disk; its claim expires, and it is looked at again
            self._trouble.about(error)
            self._admit_from = time.monotonic() + _TROUBLE_PAUSE
            return
        if end is not None and end.task.kind is claimed.kind:  # Redis came back as it was before
            self._closing.resume(end.task)
        elif task is None or task.kind is not claimed.kind:
            logger.error("task={} is queued, but the journal here does not know it", claimed.task_id)
            self._claims.drop(claimed)
        elif self._parts.journal.has_ended(task):
            self._closing.resume(task)
        else:
            self._begin(task, place)

    def _begin(self, task: Task, place: int) -> None:
        try:
            model = self._plan.model_for(task)
            assignment = self._assigned(task, self._parts.work.open(task), model)
        except ModelUnavailable as error:
            self._refuse(task, str(error))
            return
        except OSError as error:
            self._trouble.about(error)
            self._admit_from = time.monotonic() + _TROUBLE_PAUSE
            self._claims.release([task])
            return
        assignment.last_served = time.monotonic()
        self._assignments[task.id] = assignment
        self._preparation.add(assignment)
        self._preparation.advance()  # at once: it need not wait for Redis, and nobody else has the claim
        # Without an answer it is worked on all the same: a heartbeat will register it.
        if self._claims.register(assignment) is False:
            self._let_go(assignment)
            self._leave_nothing(task)
            return
        killpoint.reached("W2")
        if assignment.is_accused:
            self._blame.mourn(assignment)
        if not self.holds(assignment) or assignment.outcome is not None:
            return
        if isinstance(assignment, Synthesis):
            self._joining.start()
        logger.info(
            "Worker-{} task={} status=started queue_position={} lane={}",
            self.worker_id,
            task.short_id,
            place,
            task.lane,
        )

    def _assigned(self, task: Task, directory: WorkDirectory, model: ModelPlan) -> AnyAssignment:
        held, now = Held(task, uuid4().hex), time.time()
        if task.kind is Kind.TTS:
            options = self._plan.speech_options_for(task)
            return Synthesis(held, directory, model, options, admitted_at=now)
        return Recognition(held, directory, model, self._plan.options_for(task), admitted_at=now)

    def _refuse(self, task: Task, error: str) -> None:
        """Its model is not to be had here."""
        now = time.time()
        outcome = Outcome(
            status=Status.FAILED,
            ended_at=now,
            duration=task.duration or 0.0,
            error=error,
            code="model_unavailable",
            timings=Timings(queued=elapsed(task.accepted_at, now), total=elapsed(task.accepted_at, now)),
            worker_id=self.worker_id,
            model=task.options.model,
        )
        if not self._closing.end(task, outcome):
            self._admit_from = time.monotonic() + _TROUBLE_PAUSE
            self._claims.release([task])

    def _hear(self, assignment: AnyAssignment, news: News) -> None:
        """What a media process says of a recording or a text."""
        if not self.holds(assignment):
            return
        match news:
            case MediaFailed(is_crash=True):
                self._blame.blame(assignment, news.code, news.message)
                self._prepare_anew(assignment)
            case MediaFailed():
                self.failed(assignment, news.code, news.message)
            case Prepared():
                assignment.prepare(news)
                self._log_prepared(assignment, news)
                if assignment.needs_no_engine or assignment.progress:
                    self.advanced(assignment)
            case spans:
                assignment.find(spans, self._stable.of(assignment.model).revision)

    def _hear_joining(self, text: Synthesis, news: joining.News) -> None:
        """How the file of a text's speech gets on."""
        if not self.holds(text):
            return
        match news:
            case Grown():
                self._report(text)
            case Joined():
                text.join(news)
                self._complete(text)
            case MediaFailed(is_crash=True):
                self._blame.blame(text, news.code, news.message)  # it is begun anew, unless it was given up
            case MediaFailed(code="audio_unavailable"):
                self._speak_again(text)
            case MediaFailed():
                self.failed(text, news.code, news.message)

    def _speak_again(self, text: Synthesis) -> None:
        """The sound of some of its sentences is gone."""
        if not self._is_open(text.task):
            self._drop(text, "it ended elsewhere")
        else:
            text.forget_lost()
            self._blame.blame(text, "audio_unavailable", "The sound of a sentence is gone.")

    def _log_prepared(self, assignment: AnyAssignment, prepared: Prepared) -> None:
        if isinstance(assignment, Synthesis):
            logger.debug(
                "Worker-{} task={} sentences={} characters={} split={:.2f}",
                self.worker_id,
                assignment.task.short_id,
                len(assignment.chunks),
                len(assignment.task.speech.text),
                prepared.decode,
            )
        else:
            logger.debug(
                "Worker-{} task={} vad_segments={} batch_size={} duration={:.1f} decode={:.2f}",
                self.worker_id,
                assignment.task.short_id,
                len(assignment.chunks),
                self._settings.asr_batch_size,
                prepared.duration,
                prepared.decode,
            )

    def _prepare_anew(self, assignment: AnyAssignment) -> None:
        """Decode or split it once more, unless it was given up."""
        if self.holds(assignment) and assignment.outcome is None:
            self._preparation.remove(assignment)
            assignment.start_over()
            self._preparation.add(assignment)
