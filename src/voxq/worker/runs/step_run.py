"""One step of a task in the hands of a worker: its chunks, what they cost, and what went wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from voxq.core.outcome import Incident, Outcome
from voxq.engines.contract import Cost
from voxq.kinds.base import Kind, StepSpec
from voxq.kinds.work import KindRun, Prepared
from voxq.processes.model.protocol import ChunkRef
from voxq.storage.scratch import WorkDirectory
from voxq.worker.plan import ModelPlan
from voxq.worker.runs.chunks import Chunks
from voxq.worker.runs.disk_retry import DiskRetry

Place = tuple[int, int]
"""From where up to where a piece goes."""


@dataclass(frozen=True, slots=True)
class StepFailure:
    """Why an optional step has no result."""

    code: str
    error: str


class TaskInWork(Protocol):
    """What a step has to know of its task."""

    kind: Kind
    policy: KindRun
    directory: WorkDirectory
    prepared: Prepared | None
    outcome: Outcome | None
    is_read_anew: bool

    def taken(self, step: Any, piece: Any, result: Any) -> None:
        """A chunk of the step has its result."""
        ...

    def mark_running(self) -> None:
        """Write down what is in the engine."""
        ...

    def add_incident(self, incident: Incident, *, blamed: bool, step: str | None = None) -> None:
        """`step`: as it is called on disk."""
        ...


T = TypeVar("T", bound=TaskInWork)


class StepRun(Generic[T]):
    """Mutable, and owned by one worker's event loop, like the task that it is a step of."""

    def __init__(
        self,
        task_run: T,
        spec: StepSpec,
        model: ModelPlan,
        chunks: Chunks[Any, Any],
        *,
        blames: int = 0,
        left_running: Iterable[Place] = (),
    ) -> None:
        """`chunks` are those that the kind of the task sees, too."""
        self.task_run = task_run
        self.spec = spec
        self.model = model
        self.chunks = chunks
        self.blames = blames
        self.engine_seconds = 0.0
        """Of all attempts, as far as their chunks are kept."""
        self.recalled_seconds = 0.0
        """Of these, of workers before this one."""
        self.disk_retry = DiskRetry()
        """Of the disk, which did not take a result."""
        self.had_device_alone = False
        """Whether other models were once unloaded for it, because memory did not suffice."""
        self.failure: StepFailure | None = None
        """Only of an optional step."""
        self.source: StepRun[T] | None = None
        """Whose results it works on; None: what the media process finds."""
        self._revision: str | None = None
        self._left_running = set(left_running)
        self._earlier: dict[Place, dict[str, Any]] | None = None

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def batch_key(self) -> str:
        """Chunks of the same model and with the same key may share a batch."""
        return self.task_run.policy.batch_key(self.name)

    def ref(self, index: int) -> ChunkRef:
        """What the model process is told of a chunk."""
        return self.task_run.policy.ref(self.name, index)

    @property
    def is_all_found(self) -> bool:
        """Whether no more chunks will come."""
        if self.source is not None:
            return self.source.is_over
        return self.task_run.prepared is not None

    @property
    def is_over(self) -> bool:
        """Whether it needs no engine any more."""
        return self.failure is not None or (self.is_all_found and self.chunks.are_finished)

    def find(self, pieces: Iterable[Any], revision: str | None = None) -> None:
        """More chunks. `revision`: of the model, None until it was loaded once."""
        for piece in pieces:
            index = self.chunks.find(piece)
            place = (piece.start, piece.end)
            if place in self._left_running:
                self._left_running.remove(place)
                self.chunks.suspect(index)
        revision = revision or self._revision
        if revision is not None:
            self.recall(revision)

    def recall(self, revision: str) -> None:
        """What an earlier attempt finished, by the same revision of the model, needs no engine."""
        self._revision = revision
        if self._earlier is None:
            accepted = self.task_run.policy.conditions(self.name, revision)
            self._earlier = self.task_run.directory.chunks(accepted, self._recorded_as)
        if not self._earlier:
            return
        for index in self.chunks.all_waiting:
            piece = self.chunks[index]
            record = self._earlier.pop((piece.start, piece.end), None)
            known = self._read(piece, record) if record is not None else None
            if known is not None:
                result, seconds = known
                self.engine_seconds += seconds
                self.recalled_seconds += seconds
                self._take(index, result)

    def waiting(self, most: int) -> Sequence[int]:
        """At most so many chunks that could run now."""
        is_source_read_anew = self.source is not None and self.task_run.is_read_anew
        if self.task_run.outcome is not None or self.failure is not None or is_source_read_anew:
            return ()
        if self.task_run.policy.is_serial(self.name):
            return () if self.chunks.running else self.chunks.waiting(1)[:1]
        return self.chunks.waiting(most)

    def begin(self, indices: Collection[int]) -> None:
        """They go to the engine; the disk knows it before: a worker can die with its model process."""
        self.chunks.begin(indices)
        self.task_run.mark_running()

    def finish(self, index: int, result: Any, revision: str, seconds: float) -> None:
        """Write step W3, then let the result count. `seconds` of the engine went into it.

        Raises OSError if it cannot be kept; it counts all the same, and only a resume would miss it.
        """
        piece = self.chunks[index]
        self._revision = revision
        self._take(index, result)
        conditions, *_ = self.task_run.policy.conditions(self.name, revision)
        record = self.task_run.policy.record(self.name, result) | {"seconds": round(seconds, 4)}
        with contextlib.suppress(FileNotFoundError):  # cancelled meanwhile
            self.task_run.directory.add_chunk(conditions, piece.start, piece.end, record, self._recorded_as)

    def add_incident(self, incident: Incident, *, blamed: bool) -> None:
        self.blames += blamed
        self.task_run.add_incident(incident, blamed=blamed, step=self._recorded_as)

    def fail(self, code: str, error: str) -> None:
        """It will have no result; the task goes on without it."""
        assert self.spec.optional
        self.failure = StepFailure(code, error)

    @property
    def running(self) -> list[Place]:
        """Places of what is in an engine, or was when a worker died and is not found yet."""
        return [*((piece.start, piece.end) for piece in self.chunks.running), *self._left_running]

    @property
    def seconds_in_all(self) -> float:
        """Seconds of sound to be worked on; what is not found yet counts as such."""
        known = self.chunks.seconds_known
        return known if self.is_all_found else max(known, self.task_run.policy.seconds)

    @property
    def seconds_left(self) -> float:
        """Of these, without a result."""
        return 0.0 if self.failure is not None else self.seconds_in_all - self.chunks.seconds_done

    def work_in_all(self, cost: Cost) -> float:
        """Engine seconds that it takes from beginning to end, as predicted."""
        return cost.fixed * len(self.chunks) + cost.per_second * self.seconds_in_all

    def work_left(self, cost: Cost) -> float:
        """Engine seconds until it is done, as predicted."""
        if self.failure is not None:
            return 0.0
        return cost.fixed * self.chunks.count_left + cost.per_second * self.seconds_left

    @property
    def _recorded_as(self) -> str | None:
        """Its name on disk: earlier versions knew only the first step of each kind, and wrote none."""
        return None if self.spec is self.task_run.kind.steps[0] else self.name

    def _read(self, piece: Any, record: dict[str, Any]) -> tuple[Any, float] | None:
        """The result and its engine seconds; None for what is not whole, or no record of this step."""
        try:
            result = self.task_run.policy.recorded(self.name, piece, record)
            seconds = float(record["seconds"])
        except (KeyError, TypeError, ValueError):
            return None
        return None if result is None else (result, seconds)

    def _take(self, index: int, result: Any) -> None:
        self.chunks.finish(index, result)
        self.task_run.taken(self, self.chunks[index], result)
