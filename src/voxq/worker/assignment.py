"""A task in the hands of a worker: which of its chunks are known, running and finished."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from voxq.engines.base import SAMPLE_RATE, ChunkOptions, ChunkResult
from voxq.speech.transcript import Segment, Transcript
from voxq.tasks.outcome import Incident, Outcome, Timings
from voxq.tasks.store import Held
from voxq.tasks.task import Status
from voxq.tasks.work import WorkDirectory
from voxq.worker.plan import conditions, result_from_json, result_to_json


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk of the decoded sound, in samples."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the media process found out about the whole recording; all in seconds."""

    duration: float
    decode: float
    vad: float


class Assignment:
    """Mutable, and owned by one worker's event loop."""

    def __init__(
        self, held: Held, directory: WorkDirectory, options: ChunkOptions, admitted_at: float
    ) -> None:
        self.held = held
        self.task = held.task
        self.directory = directory
        self.admitted_at = admitted_at
        """Wall clock, seconds since the epoch."""
        self.prepared: Prepared | None = None
        self.engine_seconds = 0.0
        self.last_served = 0.0
        """Monotonic clock: when it was admitted, or a batch of its chunks last ended."""
        self.reported_at = 0.0
        """Monotonic clock: when its progress was last told."""
        self.outcome: Outcome | None = None
        """Its end, while that cannot be written because the disk is full."""
        self.incidents, self.blames = directory.incidents()
        self.is_suspect = directory.is_suspect
        self._options = options
        self._earlier: dict[Span, dict[str, Any]] | None = None
        self._spans: list[Span] = []
        self._announced = 0
        self._results: dict[int, ChunkResult] = {}
        self._running: set[int] = set()

    @property
    def options(self) -> ChunkOptions:
        """How its next chunk is to be recognised; the language is fixed by the first speech."""
        if self._options.language is not None:
            return self._options
        heard = (self._results[i].language for i in sorted(self._results))
        return replace(self._options, language=next((language for language in heard if language), None))

    def add_spans(self, spans: list[Span], revision: str) -> None:
        """More chunks of the recording; those that an earlier attempt finished need no engine."""
        if self._earlier is None:
            found = self.directory.chunks(conditions(self.task, self._options, revision))
            self._earlier = {Span(start, end): result for (start, end), result in found.items()}
        for span in spans:
            self._announced += 1
            if self._announced <= len(self._spans):
                continue  # known from before the recording was decoded anew
            self._spans.append(span)
            result = result_from_json(self._earlier[span]) if span in self._earlier else None
            if result is not None:
                self._results[len(self._spans) - 1] = result

    def start_over(self) -> None:
        """The recording will be decoded anew, and the same chunks will be found in it."""
        self.prepared = None
        self._announced = 0

    def span(self, index: int) -> Span:
        return self._spans[index]

    @property
    def chunk_count(self) -> int:
        return len(self._spans)

    def ready(self, *, language_first: bool) -> Iterator[int]:
        """Indices of the chunks that could run now. With `language_first`, one at a time until the language
        of the recording is known."""
        if self.outcome is not None:
            return
        waiting = (i for i in range(self._announced) if i not in self._results and i not in self._running)
        if language_first and self.options.language is None:
            if not self._running:
                yield from list(waiting)[:1]
            return
        yield from waiting

    @property
    def seconds_left(self) -> float:
        """Seconds of known speech without a result."""
        return sum(span.seconds for i, span in enumerate(self._spans) if i not in self._results)

    def begin(self, index: int) -> None:
        self._running.add(index)

    def give_up(self, index: int) -> None:
        """The chunk did not get a result and waits again."""
        self._running.discard(index)

    def finish(self, index: int, result: ChunkResult, revision: str) -> None:
        """Write step W3: the result is on disk before it counts."""
        span = self._spans[index]
        with contextlib.suppress(
            OSError
        ):  # cancelled meanwhile, or no space left: only a resume would miss it
            self.directory.add_chunk(
                conditions(self.task, self._options, revision), span.start, span.end, result_to_json(result)
            )
        self._running.discard(index)
        self._results[index] = result

    @property
    def is_running(self) -> bool:
        return bool(self._running)

    @property
    def is_complete(self) -> bool:
        return self.prepared is not None and len(self._results) == len(self._spans) == self._announced

    @property
    def progress(self) -> int:
        """Percent of the recording's speech that has a result; below 100 until the end is written."""
        done = sum(self._spans[i].seconds for i in self._results)
        known = sum(span.seconds for span in self._spans)
        if self.prepared is None:
            # Not all of it is decoded: what is known of the speech is at most what the recording lasts.
            known = max(known, self.task.seconds)
        return min(99, int(100 * done / known)) if known else 0

    def transcript(self) -> Transcript:
        """What has been recognised so far."""
        segments: list[Segment] = []
        for index in sorted(self._results):
            offset = self._spans[index].start / SAMPLE_RATE
            segments.extend(segment.shifted(offset) for segment in self._results[index].segments)
        duration = self.prepared.duration if self.prepared else self.task.duration or 0.0
        return Transcript.of(segments, self.options.language, duration)

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
            raw_text=transcript.text,
            language=transcript.language,
            segments=tuple(segment.to_json() for segment in transcript.segments),
        )

    def failed(self, now: float, worker_id: int, code: str, error: str) -> Outcome:
        return self._outcome(now, worker_id, status=Status.FAILED, error=error, code=code)

    def cancelled(self, now: float, worker_id: int) -> Outcome:
        return self._outcome(now, worker_id, status=Status.CANCELLED)

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
            **fields,
        )
