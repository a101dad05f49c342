"""A task in the hands of a worker: its chunks and how far they are, what went wrong, how it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from voxq.engines.base import ChunkOptions, ChunkResult, Cost
from voxq.speech.transcript import Transcript
from voxq.tasks.outcome import Incident, Outcome, Timings
from voxq.tasks.store import Held
from voxq.tasks.task import Status
from voxq.tasks.work import WorkDirectory
from voxq.worker import chunk_record
from voxq.worker.chunks import Chunks, Span
from voxq.worker.plan import ModelPlan


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the media process found out about the whole recording; all in seconds."""

    duration: float
    decode: float
    vad: float


class Assignment:
    """Mutable, and owned by one worker's event loop. What outlives the worker is in the work directory."""

    def __init__(
        self,
        held: Held,
        directory: WorkDirectory,
        model: ModelPlan,
        options: ChunkOptions,
        *,
        admitted_at: float,
    ) -> None:
        self.held = held
        self.task = held.task
        self.model = model
        self.directory = directory
        self.admitted_at = admitted_at
        """Wall clock, seconds since the epoch."""
        self.prepared: Prepared | None = None
        self.engine_seconds = 0.0
        """Of all attempts, as far as their chunks are kept."""
        self.last_served = 0.0
        """Monotonic clock: when it was admitted, or a batch of its chunks last ended."""
        self.reported_at = 0.0
        """Monotonic clock: when its progress was last told."""
        self.had_room = False
        """Whether other models were once unloaded for it, because memory did not suffice."""
        self.progress = 0
        """Percent of the recording's speech that has a result; never falls, and stays below 100."""
        self.outcome: Outcome | None = None
        """Its end, while that cannot be written because the disk is full."""
        self.chunks = Chunks()
        self.incidents, self.blames = directory.incidents()
        self._given = options
        self._options = options
        # Without a given language, that of the first speech goes for all chunks.
        self._language_first = model.traits.detects_language and options.language is None
        self._left_running = {Span(start, end) for start, end in directory.left_running()}
        self._earlier: dict[Span, dict[str, Any]] | None = None

    @property
    def options(self) -> ChunkOptions:
        """How its next chunk is to be recognised."""
        return self._options

    @property
    def is_complete(self) -> bool:
        return self.prepared is not None and self.chunks.are_finished

    def find(self, spans: Iterable[Span], revision: str | None) -> None:
        """More chunks of the recording. `revision`: of the model, None until it was loaded once."""
        for span in spans:
            index = self.chunks.find(span)
            if span in self._left_running:
                self._left_running.remove(span)
                self.chunks.suspect(index)
        if revision is not None:
            self.recall(revision)
        self._advance()

    def recall(self, revision: str) -> None:
        """What an earlier attempt finished, by the same revision of the model, needs no engine."""
        if self._earlier is None:
            lines = self.directory.chunks(chunk_record.conditions(self.task, self._given, revision))
            self._earlier = {Span(start, end): record for (start, end), record in lines.items()}
        if not self._earlier:
            return
        for index in self.chunks.all_waiting:
            record = self._earlier.pop(self.chunks[index], None)
            known = chunk_record.from_json(record) if record is not None else None
            if known is not None:
                result, seconds = known
                self.engine_seconds += seconds
                self._take(index, result)
        self._advance()

    def prepare(self, prepared: Prepared) -> None:
        """All of the recording is decoded."""
        self.prepared = prepared
        self._advance()

    def start_over(self) -> None:
        """The recording will be decoded anew, and the same chunks will be found in it."""
        self.prepared = None
        self.chunks.start_over()

    def waiting(self, most: int) -> Sequence[int]:
        """At most so many chunks that could run now; one at a time until the language is known."""
        if self.outcome is not None:
            return ()
        if self._language_first and self._options.language is None:
            return () if self.chunks.running else self.chunks.waiting(1)[:1]
        return self.chunks.waiting(most)

    @property
    def seconds_left(self) -> float:
        """Seconds of speech without a result; what is not decoded yet counts as speech."""
        known = self.chunks.seconds_known
        if self.prepared is None:
            known = max(known, self.task.seconds)
        return known - self.chunks.seconds_done

    def work_left(self, cost: Cost) -> float:
        """Engine seconds until it is done, as predicted."""
        return cost.fixed * self.chunks.count_left + cost.per_second * self.seconds_left

    def begin(self, indices: Collection[int]) -> None:
        """They go to the engine; the disk knows it before: a worker can die with its horse."""
        self.chunks.begin(indices)
        self.mark_running()

    def mark_running(self) -> None:
        """Write down what is in the engine, after a batch has ended."""
        self.directory.mark_running([(span.start, span.end) for span in self.chunks.running])

    def finish(self, index: int, result: ChunkResult, revision: str, seconds: float) -> None:
        """Write step W3, then let the result count. `seconds` of the engine went into it.

        Raises OSError if it cannot be kept; it counts all the same, and only a resume would miss it.
        """
        span = self.chunks[index]
        self._take(index, result)
        self._advance()
        with contextlib.suppress(FileNotFoundError):  # cancelled meanwhile
            self.directory.add_chunk(
                chunk_record.conditions(self.task, self._given, revision),
                span.start,
                span.end,
                chunk_record.to_json(result, seconds),
            )

    def transcript(self) -> Transcript:
        """What has been recognised so far."""
        duration = self.prepared.duration if self.prepared else self.task.duration or 0.0
        return Transcript.of(self.chunks.segments(), self._given.language or self.chunks.language, duration)

    def add_incident(self, incident: Incident, *, blamed: bool) -> None:
        self.incidents.append(incident)
        self.blames += blamed
        with contextlib.suppress(OSError):
            self.directory.add_incident(incident, blamed=blamed)

    def done(self, now: float, worker_id: int) -> Outcome:
        """The outcome of a complete task; `now` in seconds since the epoch."""
        transcript = self.transcript()
        return self._outcome(
            now,
            worker_id,
            status=Status.DONE,
            text=transcript.text,
            raw_text=transcript.raw_text,
            language=transcript.language,
            segments=tuple(segment.to_json() for segment in transcript.segments),
        )

    def failed(self, now: float, worker_id: int, code: str, error: str) -> Outcome:
        return self._outcome(now, worker_id, status=Status.FAILED, error=error, code=code)

    def cancelled(self, now: float, worker_id: int) -> Outcome:
        return self._outcome(now, worker_id, status=Status.CANCELLED)

    def _take(self, index: int, result: ChunkResult) -> None:
        self.chunks.finish(index, result)
        if self._language_first and self._options.language is None:
            self._options = replace(self._given, language=self.chunks.language)

    def _advance(self) -> None:
        done = self.chunks.seconds_done
        known = done + self.seconds_left
        self.progress = max(self.progress, min(99, int(100 * done / known) if known else 0))

    def _outcome(self, now: float, worker_id: int, **fields: Any) -> Outcome:
        prepared = self.prepared or Prepared(self.task.duration or 0.0, 0.0, 0.0)
        timings = Timings(
            queued=round(self.admitted_at - self.task.accepted_at, 3),
            decode=round(prepared.decode, 3),
            vad=round(prepared.vad, 3),
            engine=round(self.engine_seconds, 3),
            total=round(now - self.task.accepted_at, 3),
            rtf=round(self.engine_seconds / prepared.duration, 4) if prepared.duration else None,
        )
        return Outcome(
            ended_at=now,
            duration=prepared.duration,
            attempts=max(1, self.blames + (fields["status"] is Status.DONE)),
            incidents=tuple(self.incidents),
            timings=timings,
            worker_id=worker_id,
            model=self.model.name,
            **fields,
        )
