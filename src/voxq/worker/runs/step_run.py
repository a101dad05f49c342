"""One step of a task in a worker: its chunks, their cost, and its failures."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Generic, Protocol, TypeVar

from voxq.core.outcome import Incident, Outcome
from voxq.engines.contract import Cost, Draft
from voxq.kinds.base import Kind, StepSpec
from voxq.kinds.work import KindRun, Prepared
from voxq.processes.model.protocol import ChunkRef
from voxq.storage.scratch import WorkDirectory
from voxq.worker.disk_trouble import DiskRetry
from voxq.worker.plan import ModelPlan
from voxq.worker.runs.chunks import Chunks

_MOST_PIECES = 16
"""Pieces that may become one chunk."""

Place = tuple[int, int]
"""Start and end of a piece."""


@dataclass(frozen=True, slots=True)
class StepFailure:
    """Reason why an optional step has no result."""

    code: str
    error: str


class TaskInWork(Protocol):
    """Interface of a task to its steps."""

    kind: Kind
    policy: KindRun
    directory: WorkDirectory
    prepared: Prepared | None
    outcome: Outcome | None
    is_read_anew: bool

    @property
    def is_complete(self) -> bool:
        """Whether its outcome can be written."""
        ...

    def taken(self, step: Any, piece: Any, result: Any) -> None:
        """Handle the result of a chunk of the step."""
        ...

    def advance(self) -> None:
        """Update what follows from the state of its steps."""
        ...

    def mark_running(self) -> None:
        """Write to disk which chunks are in the engine."""
        ...

    def add_incident(self, incident: Incident, *, blamed: bool, step: str | None = None) -> None:
        """Record an incident. `step`: the name it has on disk."""
        ...


T = TypeVar("T", bound=TaskInWork)


class StepRun(Generic[T]):
    """State of a step; mutable, and owned by the worker's event loop, like its task."""

    def __init__(
        self,
        task_run: T,
        spec: StepSpec,
        model: ModelPlan,
        chunks: Chunks[Any, Any],
        *,
        source: StepRun[T] | None = None,
        blames: int = 0,
        left_running: Iterable[Place] = (),
    ) -> None:
        """Begin with no result. `chunks` are shared with the kind's view of the task; `source`: the step on
        whose results it works, None if it works on what the media process finds."""
        self.task_run = task_run
        self.spec = spec
        self.model = model
        self.chunks = chunks
        self.source = source
        self.blames = blames
        self.engine_seconds = 0.0
        """Engine seconds of all attempts, as far as their chunks are kept."""
        self.recalled_seconds = 0.0
        """Part of `engine_seconds` that earlier workers used."""
        self.disk_retry = DiskRetry()
        """Retries for a disk that did not accept a result."""
        self.had_device_alone = False
        """Whether other models were once unloaded for it, because memory did not suffice."""
        self.awaits_closing = spec.has_closing
        """Whether its last chunk cannot be found before all others have their results."""
        self.awaits_last_pieces = spec.is_last and source is not None
        """Whether its chunks cannot be found before its source is over."""
        self.failure: StepFailure | None = None
        """Reason why the step has no result; only for an optional step."""
        self._revision: str | None = None
        self._left_running = set(left_running)
        self._earlier: dict[Place, dict[str, Any]] | None = None

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def batch_key(self) -> str:
        """Key of its batches: chunks of the same model and with the same key may share one."""
        return self.task_run.policy.batch_key(self.name)

    def ref(self, index: int) -> ChunkRef:
        """Reference to a chunk, as it is sent to the model process."""
        return self.task_run.policy.ref(self.name, index)

    @property
    def is_all_found(self) -> bool:
        """Whether no more chunks will come."""
        if self.source is not None:
            return self.source.is_over and not self.awaits_last_pieces
        return self.task_run.prepared is not None

    @property
    def is_over(self) -> bool:
        """Whether it needs no engine any more: it has all results, or has failed."""
        if self.failure is not None:
            return True
        return self.is_all_found and self.chunks.are_finished and not self.awaits_closing

    @property
    def is_ready_to_close(self) -> bool:
        """Whether its last chunk can be found now."""
        is_finished = self.is_all_found and self.chunks.are_finished
        return self.awaits_closing and self.failure is None and is_finished

    def find(self, pieces: Iterable[Any], revision: str | None = None) -> None:
        """Add chunks. `revision`: of the model, None until it was loaded once."""
        for piece in pieces:
            index = self.chunks.find(piece)
            for place in [each for each in self._left_running if each[0] <= piece.start < each[1]]:
                self.chunks.suspect(index)  # it was in the engine, perhaps as a part of a longer chunk
                if piece.end >= place[1]:
                    self._left_running.remove(place)
        revision = revision or self._revision
        if revision is not None:
            self.recall(revision)

    def find_last(self, pieces: Iterable[Any]) -> None:
        """Add all chunks of a step whose source is over."""
        self.awaits_last_pieces = False
        self.find(pieces)

    def close(self, pieces: Iterable[Any]) -> None:
        """Add the last chunk of a step that ends with one more."""
        self.awaits_closing = False
        self.find(pieces)

    def recall(self, revision: str) -> None:
        """Take over results of an earlier attempt that were made by the same revision of the model."""
        self._revision = revision
        if self.awaits_last_pieces:
            return  # on what they depend is known when the pieces are
        if self._earlier is None:
            directory = self.task_run.directory
            accepted = () if directory.is_new else self.task_run.policy.conditions(self.name, revision)
            self._earlier = directory.chunks(accepted, self._recorded_as)
        if not self._earlier:
            return
        starts = {start for start, _ in self._earlier}
        for index in self.chunks.all_waiting:
            if self.chunks[index].start in starts:
                self._recall(index, self._earlier)

    def _recall(self, index: int, earlier: dict[Place, dict[str, Any]]) -> None:
        """Take over the earlier result of a piece, or of the chunk that it began."""
        start = self.chunks[index].start
        for count in range(1, self.chunks.neighbours(index, _MOST_PIECES) + 1):
            record = earlier.pop((start, self.chunks[index + count - 1].end), None)
            known = self._read(self._joined(index, count), record) if record is not None else None
            if known is not None:
                result, seconds = known
                self.engine_seconds += seconds
                self.recalled_seconds += seconds
                if count > 1:
                    self.join(index, count)
                self._take(index, result)
                return

    def waiting(self, most: int) -> Sequence[int]:
        """At most `most` chunks that could run now."""
        is_source_read_anew = self.source is not None and self.task_run.is_read_anew
        if self.task_run.outcome is not None or self.failure is not None or is_source_read_anew:
            return ()
        if self.task_run.policy.is_serial(self.name):
            return () if self.chunks.running else self.chunks.waiting(1)[:1]
        return self.chunks.waiting(most)

    def next_chunk(self, index: int) -> int:
        """Number of waiting pieces, from this one on, that had better be one chunk; a suspect is one of its
        own."""
        following = range(index, index + self.chunks.neighbours(index, _MOST_PIECES))
        count = sum(1 for _ in takewhile(lambda each: not self.chunks.is_suspect(each), following))
        if count < 2:
            return 1
        return self.task_run.policy.next_chunk(self.name, self._pieces(index, count))

    def seconds_of(self, index: int, count: int) -> float:
        """Seconds of the chunk that `count` neighbours make."""
        return self._joined(index, count).seconds

    def join(self, index: int, count: int) -> None:
        """Make one chunk of `count` neighbours that wait."""
        self.chunks.join(index, count, self._joined(index, count))

    def _pieces(self, index: int, count: int) -> list[Any]:
        return [self.chunks[each] for each in range(index, index + count)]

    def _joined(self, index: int, count: int) -> Any:
        if count == 1:
            return self.chunks[index]
        return self.task_run.policy.joined(self.name, self._pieces(index, count))

    def begin(self, indices: Collection[int]) -> None:
        """Mark chunks as being in the engine, on disk first: a worker can die with its model process."""
        self.chunks.begin(indices)
        self.task_run.mark_running()

    def note(self, index: int, draft: Draft) -> None:
        """Note how far a chunk in the engine is."""
        self.chunks.note(index, draft)
        self.task_run.advance()

    def finish(self, index: int, result: Any, revision: str, seconds: float) -> None:
        """Count the result, and write it (write step W3) unless it is the last one: the end of the task is
        written at once, and has it. `seconds` of engine time went into it.

        Raises OSError if it cannot be stored; it counts all the same, and only a resume would miss it.
        """
        piece = self.chunks[index]
        self._revision = revision
        self._take(index, result)
        if self.task_run.is_complete:
            return
        conditions, *_ = self.task_run.policy.conditions(self.name, revision)
        record = self.task_run.policy.record(self.name, result) | {"seconds": round(seconds, 4)}
        with contextlib.suppress(FileNotFoundError):  # cancelled meanwhile
            self.task_run.directory.add_chunk(conditions, piece.start, piece.end, record, self._recorded_as)

    def add_incident(self, incident: Incident, *, blamed: bool) -> None:
        self.blames += blamed
        self.task_run.add_incident(incident, blamed=blamed, step=self._recorded_as)

    def fail(self, code: str, error: str) -> None:
        """End the step without a result; the task goes on without it."""
        assert self.spec.optional
        self.failure = StepFailure(code, error)

    @property
    def running(self) -> list[Place]:
        """Places of chunks that are in an engine, or were when a worker died and have not been found yet."""
        return [*((piece.start, piece.end) for piece in self.chunks.running), *self._left_running]

    @property
    def seconds_in_all(self) -> float:
        """Seconds of sound of the whole step; sound that has not been found yet counts, too."""
        known = self.chunks.seconds_known
        return known if self.is_all_found else max(known, self.task_run.policy.seconds)

    @property
    def seconds_left(self) -> float:
        """Seconds of its sound without a result."""
        return 0.0 if self.failure is not None else self.seconds_in_all - self.chunks.seconds_done

    def work_in_all(self, cost: Cost) -> float:
        """Predicted engine seconds of the whole step."""
        return cost.fixed * len(self.chunks) + cost.per_second * self.seconds_in_all

    def work_left(self, cost: Cost) -> float:
        """Predicted engine seconds until it is done."""
        if self.failure is not None:
            return 0.0
        return cost.fixed * self.chunks.count_left + cost.per_second * self.seconds_left

    @property
    def _recorded_as(self) -> str | None:
        """Name of the step on disk; None for the first step, which earlier versions wrote without one."""
        return None if self.spec is self.task_run.kind.steps[0] else self.name

    def _read(self, piece: Any, record: dict[str, Any]) -> tuple[Any, float] | None:
        """Parse a record into the result and its engine seconds; None if it is incomplete or of another
        step."""
        try:
            result = self.task_run.policy.recorded(self.name, piece, record)
            seconds = float(record["seconds"])
        except (KeyError, TypeError, ValueError):
            return None
        return None if result is None else (result, seconds)

    def _take(self, index: int, result: Any) -> None:
        self.chunks.finish(index, result)
        self.task_run.taken(self, self.chunks[index], result)
