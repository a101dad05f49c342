"""A task in the hands of a worker: its chunks and how far they are, what went wrong, how it ends."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from voxq import kinds
from voxq.core.outcome import Incident, Outcome, Timings, elapsed
from voxq.core.task import Status
from voxq.engines.contract import Cost
from voxq.processes.model.protocol import ChunkRef
from voxq.queue.claiming import TaskExecution
from voxq.storage.scratch import WorkDirectory
from voxq.worker.plan import ModelPlan
from voxq.worker.runs.chunks import Chunks, Piece
from voxq.worker.runs.disk_retry import DiskRetry

P = TypeVar("P", bound=Piece)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the media process found out about all of the task's input; all in seconds."""

    duration: float
    decode: float
    vad: float


class TaskRun(ABC, Generic[P, R]):
    """Mutable, and owned by one worker's event loop. What outlives the worker is in the work directory.

    Of one kind of task each: `TranscriptionRun` and `SpeechRun`.
    """

    disk_per_second = 1.0
    """How much room a second of its sound takes on disk, against decoded sound."""

    def __init__(
        self, held: TaskExecution, directory: WorkDirectory, model: ModelPlan, *, admitted_at: float
    ) -> None:
        self.held = held
        self.task = held.task
        self.kind = kinds.find(self.task.kind)
        self.model = model
        self.directory = directory
        self.admitted_at = admitted_at
        """Wall clock, seconds since the epoch."""
        self.prepared: Prepared | None = None
        self.engine_seconds = 0.0
        """Of all attempts, as far as their chunks are kept."""
        self.recalled_seconds = 0.0
        """Of these, of workers before this one."""
        self.last_served = 0.0
        """Monotonic clock: when it was admitted, or a batch of its chunks last ended."""
        self.reported_at = 0.0
        """Monotonic clock: when its progress was last told."""
        self.report_at = float("inf")
        """Monotonic clock: when progress is to be told that came too soon after that."""
        self.disk_retry = DiskRetry()
        """Of the disk, which did not take a result."""
        self.had_device_alone = False
        """Whether other models were once unloaded for it, because memory did not suffice."""
        self.progress = 0
        """Percent of the work that has a result; never falls, and stays below 100."""
        self.outcome: Outcome | None = None
        """Its end, while that cannot be written because the disk is full."""
        self.chunks: Chunks[P, R] = Chunks()
        self.incidents, self.blames = directory.incidents()
        left = directory.left_running()
        self._left_running = set(left.spans)
        self.was_alone_at_death = left.alone
        """Whether an earlier worker died while a suspect chunk of it was alone in the engine."""
        self._earlier: dict[tuple[int, int], dict[str, Any]] | None = None

    # What differs between the kinds.

    @property
    @abstractmethod
    def batch_key(self) -> str:
        """Chunks of the same model and with the same key may share a batch."""

    @property
    @abstractmethod
    def batch_seconds(self) -> float:
        """The client's own limit for a batch, in padded seconds; infinity without one."""

    @property
    @abstractmethod
    def seconds(self) -> float:
        """Seconds of sound that it began with, as expected: work that is not found yet counts as such."""

    @property
    @abstractmethod
    def text(self) -> str:
        """What has been recognised or spoken so far."""

    @abstractmethod
    def ref(self, index: int) -> ChunkRef:
        """What the model process is told of a chunk."""

    @abstractmethod
    def done(self, now: float, worker_id: int) -> Outcome:
        """The outcome of a complete task; `now` in seconds since the epoch."""

    @abstractmethod
    def _conditions(self, revision: str) -> str:
        """All that the result of a chunk depends on besides its place."""

    @abstractmethod
    def _conditions_of_0_1(self, revision: str) -> str:
        """The same as version 0.1 wrote it, for what was in work when that was replaced."""

    @abstractmethod
    def _record(self, result: R, seconds: float) -> dict[str, Any]:
        """A finished chunk as it lies on disk; `seconds` of the engine went into it."""

    @abstractmethod
    def _recorded(self, piece: P, record: dict[str, Any]) -> tuple[R, float] | None:
        """The result and its engine seconds; None for what `_record` did not write, or what is not whole."""

    def _taken(self, result: R) -> None:  # not every kind learns from its results
        """A result counts from now on."""

    # What is the same.

    @property
    def is_complete(self) -> bool:
        """Whether its end can be written."""
        return self.needs_no_engine

    @property
    def needs_no_engine(self) -> bool:
        """Whether every chunk there is has its result."""
        return self.prepared is not None and self.chunks.are_finished

    @property
    def duration(self) -> float:
        """Seconds of sound, as far as it is known."""
        return self.prepared.duration if self.prepared else self.task.duration or 0.0

    def find(self, pieces: Iterable[P], revision: str | None) -> None:
        """More chunks. `revision`: of the model, None until it was loaded once."""
        for piece in pieces:
            index = self.chunks.find(piece)
            place = (piece.start, piece.end)
            if place in self._left_running:
                self._left_running.remove(place)
                self.chunks.suspect(index)
        if revision is not None:
            self.recall(revision)
        self._advance()

    def recall(self, revision: str) -> None:
        """What an earlier attempt finished, by the same revision of the model, needs no engine."""
        if self._earlier is None:
            older = self.directory.chunks(self._conditions_of_0_1(revision))
            self._earlier = older | self.directory.chunks(self._conditions(revision))
        if not self._earlier:
            return
        for index in self.chunks.all_waiting:
            piece = self.chunks[index]
            record = self._earlier.pop((piece.start, piece.end), None)
            known = self._recorded(piece, record) if record is not None else None
            if known is not None:
                result, seconds = known
                self.engine_seconds += seconds
                self.recalled_seconds += seconds
                self._take(index, result)
        self._advance()

    def prepare(self, prepared: Prepared) -> None:
        """All of the input is looked at, and every chunk found."""
        self.prepared = prepared
        self._advance()

    def start_over(self) -> None:
        """The input will be prepared anew, and the same chunks will be found in it."""
        self.prepared = None
        self.chunks.start_over()

    def waiting(self, most: int) -> Sequence[int]:
        """At most so many chunks that could run now."""
        return () if self.outcome is not None else self.chunks.waiting(most)

    @property
    def seconds_in_all(self) -> float:
        """Seconds of sound to be worked on; what is not prepared yet counts as such."""
        known = self.chunks.seconds_known
        return max(known, self.seconds) if self.prepared is None else known

    @property
    def seconds_left(self) -> float:
        """Of these, without a result."""
        return self.seconds_in_all - self.chunks.seconds_done

    def work_in_all(self, cost: Cost) -> float:
        """Engine seconds that it takes from beginning to end, as predicted."""
        return cost.fixed * len(self.chunks) + cost.per_second * self.seconds_in_all

    def work_left(self, cost: Cost) -> float:
        """Engine seconds until it is done, as predicted."""
        return cost.fixed * self.chunks.count_left + cost.per_second * self.seconds_left

    def begin(self, indices: Collection[int]) -> None:
        """They go to the engine; the disk knows it before: a worker can die with its model process."""
        self.chunks.begin(indices)
        self.mark_running()

    def mark_running(self) -> None:
        """Write down what is in the engine, after a batch has ended."""
        self._mark(alone=self.chunks.are_suspects_running)

    def release(self) -> None:
        """Somebody else will go on with it. What may still be in an engine has killed nobody."""
        self._mark(alone=False)

    def death_recorded(self) -> None:
        """The death of the earlier worker was counted, once. What was in its engine stays suspect."""
        self.was_alone_at_death = False
        self._mark(alone=False)

    def finish(self, index: int, result: R, revision: str, seconds: float) -> None:
        """Write step W3, then let the result count. `seconds` of the engine went into it.

        Raises OSError if it cannot be kept; it counts all the same, and only a resume would miss it.
        """
        piece = self.chunks[index]
        self._take(index, result)
        self._advance()
        with contextlib.suppress(FileNotFoundError):  # cancelled meanwhile
            self.directory.add_chunk(
                self._conditions(revision), piece.start, piece.end, self._record(result, seconds)
            )

    def add_incident(self, incident: Incident, *, blamed: bool) -> None:
        self.incidents.append(incident)
        self.blames += blamed
        with contextlib.suppress(OSError):
            self.directory.add_incident(incident, blamed=blamed)

    def _mark(self, *, alone: bool) -> None:
        spans = [(piece.start, piece.end) for piece in self.chunks.running]
        self.directory.mark_running([*spans, *self._left_running], alone=alone)

    def failed(self, now: float, worker_id: int, code: str, error: str) -> Outcome:
        return self._outcome(now, worker_id, status=Status.FAILED, error=error, code=code)

    def cancelled(self, now: float, worker_id: int) -> Outcome:
        return self._outcome(now, worker_id, status=Status.CANCELLED)

    def _take(self, index: int, result: R) -> None:
        self.chunks.finish(index, result)
        self._taken(result)

    def _advance(self) -> None:
        done, known = self.chunks.seconds_done, self.seconds_in_all
        self.progress = max(self.progress, min(99, int(100 * done / known) if known else 0))

    def _outcome(self, now: float, worker_id: int, *, encode: float = 0.0, **fields: Any) -> Outcome:
        prepared = self.prepared or Prepared(0.0, 0.0, 0.0)
        duration = self.duration
        timings = Timings(
            queued=elapsed(self.task.accepted_at, self.admitted_at),
            decode=round(prepared.decode, 3),
            vad=round(prepared.vad, 3),
            engine=round(self.engine_seconds, 3),
            encode=round(encode, 3),
            total=elapsed(self.task.accepted_at, now),
            rtf=round(self.engine_seconds / duration, 4) if duration else None,
        )
        return Outcome(
            ended_at=now,
            duration=duration,
            attempts=max(1, self.blames + (fields["status"] is Status.DONE)),
            incidents=tuple(self.incidents),
            timings=timings,
            worker_id=worker_id,
            model=self.model.name,
            **fields,
        )


AnyTaskRun: TypeAlias = TaskRun[Any, Any]
