"""The engines at work: chunks into batches, results and errors back to their tasks.

On each device one batch is in an engine at a time, whatever models are loaded: two at once would take twice
as long, and what was predicted of them would be wrong. A voice on the CPU and a recogniser on a GPU hold up
each other in nothing; where the CPU is all there is, they have its cores in turn. Only the batch in hand is
suspect when it fails as a whole; see `blame` for who pays.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count

from loguru import logger

from voxq import killpoint
from voxq.engines.base import ChunkError, ChunkResult
from voxq.engines.synthesis import KeptSpeech
from voxq.metrics import catalogue
from voxq.metrics.counters import Counters
from voxq.settings import Settings
from voxq.tasks.task import Kind, Lane
from voxq.worker import horse_protocol as protocol
from voxq.worker.anticipation import Anticipation
from voxq.worker.assignment import AnyAssignment
from voxq.worker.batch import Batch, Member
from voxq.worker.blame import Blame
from voxq.worker.complaint import Complaint
from voxq.worker.desk import Desk
from voxq.worker.horse_link import HorseFailed
from voxq.worker.plan import WorkPlan
from voxq.worker.scheduler import BatchTerms, WaitingChunk, choose
from voxq.worker.stable import Stable
from voxq.worker.stall import Stall
from voxq.worker.usage import OwnerUse

_OFFERED = 4
"""How many batches' worth of a task's chunks the scheduler sees: enough to match lengths."""
_ROUNDING = 0.01
_OUT_OF_MEMORY = "out_of_memory"
_THE_DEFAULT = ""
"""The model of a task that asks for none."""
_STORAGE = "storage"
_FINAL = ("language_unavailable", "unknown_voice")
"""What another try cannot change."""


class EngineRoom:
    """Feeds the horses of one stable. Times are on the monotonic clock."""

    def __init__(
        self,
        stable: Stable,
        plan: WorkPlan,
        settings: Settings,
        desk: Desk,
        blame: Blame,
        trouble: Complaint,
        counters: Counters,
        worker_id: int,
    ) -> None:
        self._stable = stable
        self._plan = plan
        self._timeout = settings.rq_worker_timeout
        self._patience = settings.media_timeout_seconds
        self._max_attempts = settings.max_attempts
        self._desk = desk
        self._blame = blame
        self._trouble = trouble
        self._counters = counters
        self._worker_id = worker_id
        self._use = OwnerUse()
        self._anticipations: defaultdict[str, Anticipation] = defaultdict(Anticipation)
        self._batch_numbers = count(1)
        stable.hear = self._on_message

    def look_after_models(self) -> None:
        """Start what should be loaded, unload what should not, give up what cannot be loaded."""
        self._stable.tidy(time.monotonic(), self._needed())
        for stall in self._stable:
            if stall is not self._stable.default and stall.horse.failures >= self._max_attempts:
                self._give_up(stall)
        if self.broken:
            self._hand_back_for(self._stable.default)
        self._stable.keep()

    @property
    def broken(self) -> Mapping[Kind, Collection[str]]:
        """The models that tasks have to wait for. Only the default is tried again for ever: without it the
        worker is as good as none."""
        default = self._stable.default
        is_broken = not default.horse.is_ready and default.horse.failures >= self._max_attempts
        return {Kind.ASR: (_THE_DEFAULT, default.name)} if is_broken else {}

    def feed(self) -> None:
        """Load what is needed next, and give batches to each device while there is room for one."""
        self._stable.part()
        for device in dict.fromkeys(self._stall_of(each).device for each in self._desk.assignments()):
            self._feed(device)

    @property
    def batches(self) -> Collection[Batch]:
        """All that engines were given and have not ended."""
        return [batch for stall in self._stable for batch in stall.horse.batches]

    @property
    def next_event(self) -> float:
        """When `feed` or `enforce_deadlines` will have something to do that no message announces."""
        now = time.monotonic()
        deadline = min(stall.horse.deadline for stall in self._stable)
        feeding = map(self._feeds_from, self._stable.devices)
        return min([deadline, *(at for at in feeding if at > now)])

    def enforce_deadlines(self) -> None:
        """Kill horses that are late: a batch hangs in native code, its tasks are over their limit, or a model
        does not load."""
        for stall in self._stable:
            if stall.horse.is_late:
                self._end_late(stall)

    def pardon(self) -> None:
        """An operator ends the horses: nobody is blamed."""
        for stall in self._stable:
            if stall.is_present:
                failure = self._stable.end_horse(stall)
                if failure.batch is not None:
                    self._return(failure.batch)
                self._on_horse_failed(stall, HorseFailed(str(failure)))

    def close(self) -> None:
        self._stable.close()

    def _feed(self, device: str) -> None:
        anticipation = self._anticipations[device]
        while True:
            self._stable.part()
            now = time.monotonic()
            has_room = now >= self._has_room_from(device)
            if not has_room and all(self._stall_of(a).is_available for a in self._desk.assignments()):
                return
            chosen = self._choose(device)
            if not (has_room and chosen):
                return
            held_until = anticipation.hold_until(now, chosen[0].lane, self._coming(device))
            if held_until > now or not self._give(chosen):
                return
            anticipation.went()

    def _choose(self, device: str) -> list[WaitingChunk]:
        """The next batch of a loaded model there. If another model's would come before, that is being
        brought."""
        everything, terms = list(self._waiting()), self._terms()
        working = {chunk.model for chunk in everything}
        working |= {stall.name for stall in self._stable if not stall.horse.is_idle}
        waiting = [chunk for chunk in everything if self._named(chunk.model).device == device]
        is_somebody_coming = False
        while chosen := choose(waiting, terms):
            stall = self._named(chosen[0].model)
            if stall.is_available:
                break
            if not is_somebody_coming:
                is_somebody_coming = self._stable.bring(stall, self._needed(), working)
            waiting = [chunk for chunk in waiting if chunk.model != stall.name]
        return chosen

    def _give(self, chosen: Sequence[WaitingChunk]) -> bool:
        """False if the engine must become free first."""
        stall = self._named(chosen[0].model)
        busy = self._stable.busy_on(stall.device)
        is_suspect, ahead = chosen[0].is_suspect, busy.horse.next_batch if busy else None
        if ahead is not None and (busy is not stall or is_suspect or ahead.is_suspect):
            return False  # a suspect has the horse to itself, and a horse the device
        assignments = {assignment.task.id: assignment for assignment in self._desk.assignments()}
        members = tuple(Member(assignments[chunk.task_id], chunk.index) for chunk in chosen)
        batch = Batch(str(next(self._batch_numbers)), members, stall.terms.predict(chosen), is_suspect)
        for assignment in batch.assignments:
            assignment.begin([member.index for member in members if member.assignment is assignment])
        try:
            stall.horse.give(batch)
        except HorseFailed as failure:
            self._on_horse_failed(stall, failure)
        return True

    def _waiting(self) -> Iterator[WaitingChunk]:
        now = time.monotonic()
        for assignment in self._desk.assignments():
            stall = self._stall_of(assignment)
            indices = assignment.waiting(_OFFERED * stall.limits.items)
            if not indices or now < assignment.setback.not_before:
                continue
            task, chunks = assignment.task, assignment.chunks
            key = assignment.batch_key
            remaining = assignment.work_left(stall.terms.cost)
            owner_use = self._use.of(task.owner, now)
            loading = 0.0 if stall.is_available else stall.load_seconds
            for index in indices:
                yield WaitingChunk(
                    task_id=task.id,
                    index=index,
                    seconds=chunks[index].seconds,
                    model=stall.name,
                    key=key,
                    lane=task.lane,
                    waiting_since=assignment.last_served,
                    remaining=remaining,
                    owner_use=owner_use,
                    loading=loading,
                    is_suspect=chunks.is_suspect(index),
                    batch_seconds=assignment.batch_seconds,
                )

    def _coming(self, device: str) -> Iterator[tuple[Lane, float]]:
        """The tasks for this device that are just being decoded, and since when they are here."""
        for assignment in self._desk.assignments():
            is_new = assignment.prepared is None and not len(assignment.chunks)
            stall = self._stall_of(assignment)
            if is_new and stall.is_available and stall.device == device:
                yield assignment.task.lane, assignment.last_served

    def _terms(self) -> Mapping[str, BatchTerms]:
        return {stall.name: stall.terms for stall in self._stable}

    def _needed(self) -> Collection[str]:
        """The models of all tasks in work."""
        return {assignment.model.name for assignment in self._desk.assignments()}

    def _stall_of(self, assignment: AnyAssignment) -> Stall:
        return self._stable.of(assignment.model)

    def _named(self, name: str) -> Stall:
        return next(stall for stall in self._stable if stall.name == name)

    def _has_room_from(self, device: str) -> float:
        busy = self._stable.busy_on(device)
        return busy.horse.has_room_from if busy else 0.0

    def _feeds_from(self, device: str) -> float:
        return max(self._has_room_from(device), self._anticipations[device].held_until)

    def _on_message(self, stall: Stall) -> None:
        was_ready = stall.horse.is_ready
        try:
            finished = self._stable.receive(stall, self._allowed_seconds(stall))
        except HorseFailed as failure:
            self._on_horse_failed(stall, failure)
            return
        if stall.horse.is_ready and not was_ready:
            self._on_loaded(stall)
        if finished is not None:
            self._on_finished(stall, *finished)

    def _on_loaded(self, stall: Stall) -> None:
        for assignment in list(self._desk.assignments()):
            if assignment.model.name == stall.name and stall.revision is not None:
                assignment.recall(stall.revision)
                if assignment.needs_no_engine or assignment.progress:
                    self._desk.advanced(assignment)
        self._desk.model_changed(stall)

    def _allowed_seconds(self, stall: Stall) -> float:
        """What the next batch may take before all of its tasks are over their limits."""
        batch = stall.horse.next_batch
        left = (self._limit_of(each) - each.engine_seconds for each in batch.assignments) if batch else ()
        return max(left, default=self._timeout)

    def _on_finished(self, stall: Stall, batch: Batch, finished: protocol.Finished) -> None:
        self._charge(batch, finished.seconds)
        self._count(stall, batch, finished.seconds)
        failure = _failure(batch, finished)
        errors = [failure] if failure else [item for item in finished.items if isinstance(item, ChunkError)]
        starved = next((error for error in errors if error.code == _OUT_OF_MEMORY), None)
        is_excused = starved is not None and self._find_memory(stall, batch, starved)
        if failure is not None:
            self._return(batch)
            if not is_excused:
                self._blame.accuse(batch, failure.code, failure.message)
            return
        stall.observe(batch, finished.seconds, time.monotonic())
        for member, item in zip(batch.members, finished.items, strict=True):
            if not self._desk.holds(member.assignment):
                continue  # cancelled meanwhile
            if not isinstance(item, ChunkError):
                self._keep(stall, member, item, finished.seconds * batch.share(member))
            elif is_excused and item.code == _OUT_OF_MEMORY:
                member.assignment.chunks.give_up(member.index)
            else:
                self._on_chunk_error(member, item)
        for assignment in batch.assignments:
            if self._desk.holds(assignment):
                assignment.mark_running()
                self._after_batch(assignment)

    def _keep(self, stall: Stall, member: Member, result: ChunkResult | KeptSpeech, seconds: float) -> None:
        assert stall.revision is not None  # a batch came back
        member.assignment.setback.over()
        try:
            member.assignment.finish(member.index, result, stall.revision, seconds)
        except OSError as error:
            self._trouble.about(error)
        killpoint.reached("W3")

    def _charge(self, batch: Batch, seconds: float) -> None:
        now = time.monotonic()
        for member in batch.members:
            share = seconds * batch.share(member)
            member.assignment.engine_seconds += share
            member.assignment.last_served = now
            self._use.add(member.assignment.task.owner, share, now)

    def _count(self, stall: Stall, batch: Batch, seconds: float) -> None:
        self._counters.observe(catalogue.BATCH_SECONDS, seconds, str(self._worker_id), stall.name)
        self._counters.observe(catalogue.BATCH_CHUNKS, len(batch.members), stall.name)
        self._counters.add(catalogue.PADDING_SECONDS, stall.name, amount=stall.padding(batch))
        for member in batch.members:
            self._counters.observe(catalogue.CHUNK_SECONDS, member.seconds, stall.name)

    def _after_batch(self, assignment: AnyAssignment) -> None:
        if self._is_over_limit(assignment) and not assignment.needs_no_engine:
            self._desk.timed_out(assignment, self._limit_of(assignment))
        else:
            self._desk.advanced(assignment)

    def _is_over_limit(self, assignment: AnyAssignment) -> bool:
        return assignment.engine_seconds > self._limit_of(assignment) - _ROUNDING

    def _limit_of(self, assignment: AnyAssignment) -> float:
        return assignment.time_limit(self._timeout, self._stall_of(assignment).terms.cost)

    def _on_chunk_error(self, member: Member, error: ChunkError) -> None:
        """One chunk's error is its task's alone."""
        assignment = member.assignment
        assignment.chunks.give_up(member.index)
        if error.code == "audio_unavailable":
            if assignment.chunks.is_found(member.index):  # or it is being decoded anew already
                self._desk.lost_sound(assignment)
        elif error.code == _STORAGE:
            self._wait_for_disk(assignment, error)
        elif error.code in _FINAL:
            self._desk.failed(assignment, error.code, error.message)
        else:
            assignment.chunks.suspect(member.index)
            self._blame.blame(assignment, error.code, error.message)

    def _wait_for_disk(self, assignment: AnyAssignment, error: ChunkError) -> None:
        """The result could not be kept, which is nobody's fault."""
        self._trouble.about(error.message)
        if not assignment.setback.again(time.monotonic(), self._patience):
            self._desk.failed(assignment, error.code, error.message)

    def _find_memory(self, stall: Stall, batch: Batch, error: ChunkError) -> bool:
        """Memory ran out. True if another try makes sense: with smaller batches, or with fewer models beside
        it; nobody is blamed then."""
        self._stable.tally.out_of_memory += 1
        self._counters.add(catalogue.OUT_OF_MEMORY, stall.name)
        (assignment, *_) = batch.assignments
        if len(batch.members) > 1:
            stall.shrink(batch)
            logger.warning(
                "Worker-{} model={} out of memory: batches of at most {:.1f} s from now on",
                self._worker_id,
                stall.name,
                stall.limits.padded_seconds,
            )
        elif not assignment.had_room and self._stable.make_room(stall):
            assignment.had_room = True
        else:
            return False
        self._blame.excuse(batch.assignments, error.code, error.message)
        return True

    def _return(self, batch: Batch) -> None:
        for member in batch.members:
            member.assignment.chunks.give_up(member.index)
        for assignment in filter(self._desk.holds, batch.assignments):
            assignment.mark_running()

    def _end_late(self, stall: Stall) -> None:
        ran = stall.horse.running_for()
        failure = self._stable.end_horse(stall)
        if failure.batch is not None and len(failure.batch.assignments) == 1:
            (assignment,) = failure.batch.assignments
            assignment.engine_seconds += ran
            if self._is_over_limit(assignment) and self._desk.holds(assignment):
                self._desk.timed_out(assignment, self._limit_of(assignment))
        self._on_horse_failed(stall, failure, "engine_hung", "The engine hung on this {} and was stopped.")

    def _on_horse_failed(
        self,
        stall: Stall,
        failure: HorseFailed,
        code: str = "engine_crashed",
        message: str = "The engine crashed on this {}.",
    ) -> None:
        """`message` with a place for what the batch was about."""
        for batch in stall.horse.take_back():
            self._return(batch)
        logger.error(
            "Worker-{} model={} the engine ended: {}",
            self._worker_id,
            stall.name,
            stall.horse.error or failure,
        )
        if failure.batch is not None:
            self._return(failure.batch)
            self._counters.add(catalogue.ENGINE_DEATHS, stall.name, code)
            self._blame.accuse(failure.batch, code, message.format(failure.batch.assignments[0].subject))
        self._desk.model_changed(stall)

    def _hand_back_for(self, stall: Stall) -> None:
        """It does not load: its tasks wait for better times, or another worker has them."""
        for assignment in [each for each in self._desk.assignments() if each.model.name == stall.name]:
            logger.error(
                "Worker-{} task={} handed back: model={} does not load",
                self._worker_id,
                assignment.task.short_id,
                stall.name,
            )
            self._desk.hand_back(assignment)

    def _give_up(self, stall: Stall) -> None:
        """It does not load: its tasks fail, and the next one may try again."""
        logger.error("Worker-{} model={} is given up: {}", self._worker_id, stall.name, stall.horse.error)
        self._stable.forget(stall)
        self._plan.forget(stall.name)
        for assignment in list(self._desk.assignments()):
            if assignment.model.name == stall.name:
                self._desk.failed(
                    assignment, "model_failed", f"The model {stall.name} could not be loaded here."
                )


def _failure(batch: Batch, finished: protocol.Finished) -> ChunkError | None:
    """Why the whole call failed, or None if it did not."""
    if len(finished.items) != len(batch.members):
        return ChunkError("engine_error", "The engine lost count of its chunks.")
    if not finished.batch_failed:
        return None
    # A chunk that could not be read was not in the call.
    errors = [e for e in finished.items if isinstance(e, ChunkError) and e.code != "audio_unavailable"]
    return errors[0] if errors else ChunkError("engine_error", "The engine failed on this audio.")
