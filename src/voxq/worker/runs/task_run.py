"""A task in a worker: its steps and their progress, its failures, and its outcome."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from voxq import kinds
from voxq.core.outcome import Incident, Outcome, Timings, elapsed
from voxq.core.task import Status
from voxq.kinds.base import StepSpec
from voxq.kinds.work import Defaults, Joined, OutputFile, Prepared, Work
from voxq.queue.claiming import TaskExecution
from voxq.storage.scratch import WorkDirectory
from voxq.storage.voiceprints import Voiceprints
from voxq.worker.plan import ModelPlan
from voxq.worker.runs.chunks import Chunks
from voxq.worker.runs.step_run import StepFailure, StepRun


class TaskRun:
    """State of a task; mutable, and owned by the worker's event loop. All that outlives the worker is in the
    work directory."""

    def __init__(
        self,
        held: TaskExecution,
        directory: WorkDirectory,
        models: Mapping[str, ModelPlan | StepFailure],
        recording: Path,
        defaults: Defaults,
        *,
        admitted_at: float,
        earlier: Outcome | None = None,
        voiceprints: Voiceprints | None = None,
    ) -> None:
        """Begin the run, or resume it from the work directory. `models` by step; an optional step may have
        none. `earlier`: the outcome of the run before this one, if only the step that the task names is done
        again."""
        self.held = held
        self.task = held.task
        self.kind = kinds.find(self.task.kind)
        self.directory = directory
        self.admitted_at = admitted_at
        """Time of admission on the wall clock, in seconds since the epoch."""
        self.prepared: Prepared | None = None
        self.joined: Joined | None = None
        self.last_served = 0.0
        """Monotonic time of its admission, or of the end of the last batch with one of its chunks."""
        self.report_at = float("inf")
        """Monotonic time at which to report progress that came too soon after that."""
        self.progress = 0
        """Percent of the work that has a result; never falls, and stays below 100."""
        self.outcome: Outcome | None = None
        """Its outcome, while that cannot be written because the disk is full."""
        self.is_read_anew = False
        """Whether the input is being prepared once more: no chunk can be read until that is done."""
        self._earlier = earlier
        self._failed_steps = {name: each for name, each in models.items() if isinstance(each, StepFailure)}
        planned = {name: each for name, each in models.items() if isinstance(each, ModelPlan)}
        chunks = {spec.name: Chunks[Any, Any]() for spec in self.kind.steps}
        work = Work(self.task, held.execution, recording, directory, defaults, planned, chunks, earlier)
        self.policy = self.kind.begin(work)
        """The kind's part of the run."""
        self.policy.voiceprints = voiceprints
        self.reported_at = time.monotonic() if self.output is None else 0.0
        """Monotonic time at which its progress was last reported. Its beginning counts, because a short
        recording ends before anybody could use a report; but a file that grows is announced at once, to those
        who listen to it."""
        self.incidents, blames = directory.incidents()
        left = directory.left_running()
        self.was_alone_at_death = left.alone
        """Whether an earlier worker died while a suspect chunk of this task was alone in the engine."""
        steps: dict[str | None, TaskStep] = {}  # in the kind's order: what a step works on stands before it
        for spec in self.kind.steps:
            if spec.name in planned:
                steps[spec.name] = StepRun(
                    self,
                    spec,
                    planned[spec.name],
                    chunks[spec.name],
                    source=steps.get(spec.source),
                    blames=blames.get(self._recorded_as(spec), 0),
                    left_running=left.spans_of(self._recorded_as(spec)),
                )
        self.steps: tuple[TaskStep, ...] = tuple(steps.values())
        if earlier is not None:
            self._find_earlier_pieces()
        elif not self.policy.needs_preparation:
            self.find(self.policy.pieces())
            self.prepare(Prepared(0.0, 0.0, 0.0))

    @property
    def first(self) -> TaskStep:
        """First step, whose model the task is for."""
        return self.steps[0]

    @property
    def plans(self) -> Iterable[ModelPlan]:
        """Models that it still needs."""
        return (step.model for step in self.steps if not step.is_over)

    def step(self, name: str) -> TaskStep:
        return next(each for each in self.steps if each.name == name)

    @property
    def is_complete(self) -> bool:
        """Whether its outcome can be written."""
        return self.needs_no_engine and (self.output is None or self.joined is not None)

    @property
    def output(self) -> OutputFile | None:
        """File that the task makes, if any."""
        return None if self._earlier is not None else self.policy.output

    @property
    def needs_no_engine(self) -> bool:
        """Whether every chunk has its result."""
        return self.prepared is not None and all(step.is_over for step in self.steps)

    @property
    def duration(self) -> float:
        """Seconds of sound, as far as known."""
        return self.policy.duration(self.prepared, self.joined)

    @property
    def blames(self) -> int:
        """Number of blames that count for the task as a whole."""
        return sum(step.blames for step in self.steps if not step.spec.optional)

    @property
    def engine_seconds(self) -> float:
        return sum(step.engine_seconds for step in self.steps)

    def find(self, pieces: Iterable[Any], revisions: Mapping[str, str | None] | None = None) -> None:
        """Add pieces of its input. `revisions` of models by name, as far as they are known."""
        pieces = list(pieces)
        for step in self.steps:
            revision = (revisions or {}).get(step.model.name)
            if step.spec.source is None:
                step.find(pieces, revision)
            elif self._is_done_from_sound(step):
                made = (self.policy.sound_pieces_for(step.name, piece) for piece in pieces)
                step.find(chain.from_iterable(made), revision)
        self.advance()

    def recall(self, model: str, revision: str) -> None:
        """Take over results of an earlier attempt, now that the model that made them is loaded."""
        for step in self.steps:
            if step.model.name == model:
                step.recall(revision)
        self.advance()

    def taken(self, step: TaskStep, piece: Any, result: Any) -> None:
        """Handle the result of a chunk: other steps may have something to do now."""
        self.policy.taken(step.name, result)
        for other in self.steps:
            if other.source is step and not other.spec.is_last:
                other.find(self.policy.pieces_for(other.name, piece, result))
        self.advance()

    def prepare(self, prepared: Prepared) -> None:
        """Record the end of preparation: all of the input has been read, and every piece found."""
        self.prepared = self.policy.prepared = prepared
        self.is_read_anew = False
        self.advance()

    def start_over(self) -> None:
        """Begin the preparation anew, in which the same pieces will be found."""
        self.prepared = None
        self.is_read_anew = True
        for step in self.steps:
            if step.source is None:
                step.chunks.start_over()

    def mark_running(self) -> None:
        """Write to disk which chunks are in the engine, after a batch has ended."""
        running = [step.chunks for step in self.steps if step.chunks.running]
        self._mark(alone=bool(running) and all(chunks.are_suspects_running for chunks in running))

    def release(self) -> None:
        """Record that no chunk ran alone, because another worker goes on with the task: a chunk that may
        still be in an engine has killed no worker."""
        self._mark(alone=False)

    def death_recorded(self) -> None:
        """Record that the earlier worker's death has been counted, once. Chunks that were in its engine stay
        suspect."""
        self.was_alone_at_death = False
        self._mark(alone=False)

    def add_incident(self, incident: Incident, *, blamed: bool, step: str | None = None) -> None:
        """Record an incident. `step`: the name it has on disk."""
        self.incidents.append(incident)
        with contextlib.suppress(OSError):
            self.directory.add_incident(incident, blamed=blamed, step=step)

    def join(self, joined: Joined) -> None:
        """Record that its file is complete."""
        self.joined = joined

    def forget_lost(self) -> None:
        """Discard the results of pieces whose sound is gone."""
        if self.output is not None:
            for index in self.output.lost():
                self.first.chunks.forget(index)

    def conclude(self) -> tuple[str, str] | None:
        """Let the kind do what is left before the outcome is written. Returns why the task fails, if it does.
        Raises OSError."""
        return None if self._earlier is not None else self.policy.conclude()

    def done(self, now: float, worker_id: int) -> Outcome:
        """The outcome of a complete task; `now` in seconds since the epoch."""
        if self._earlier is not None:
            again = self._outcome(now, worker_id, status=Status.DONE)
            kept = {
                "timings": again.timings,
                "attempts": again.attempts,
                "incidents": again.incidents,
                "steps": {**self._earlier.steps, **again.steps},
            }
            changed = self.policy.done_again() if all(step.failure is None for step in self.steps) else {}
            return replace(self._earlier, ended_at=now, worker_id=worker_id, **kept, **changed)
        fields = self.policy.done(self.duration, self.joined)
        encode = self.joined.encode if self.joined else 0.0
        return self._outcome(now, worker_id, status=Status.DONE, encode=encode, **fields)

    def failed(self, now: float, worker_id: int, code: str, error: str) -> Outcome:
        """Outcome of a failed task. Results of the run before this one survive the failure of a step that is
        done again."""
        if self._earlier is not None:
            for step in self.steps:
                step.fail(code, error)
            return self.done(now, worker_id)
        return self._outcome(now, worker_id, status=Status.FAILED, error=error, code=code)

    def cancelled(self, now: float, worker_id: int) -> Outcome:
        if self._earlier is not None:
            return replace(self._earlier, ended_at=now)
        return self._outcome(now, worker_id, status=Status.CANCELLED)

    def _find_earlier_pieces(self) -> None:
        """Find the pieces of the only step that is done again. They are known already, unless the media
        process must look for them."""
        needs_sound = False
        for step in self.steps:
            if step.spec.source is None or self._is_done_from_sound(step):
                needs_sound = True
            else:
                step.find(self.policy.earlier_pieces_for(step.name))
        if not needs_sound:
            self.prepared = Prepared(0.0, 0.0, 0.0)

    def _is_done_from_sound(self, step: TaskStep) -> bool:
        """Whether the step is done again alone, and its pieces come with the decoded sound."""
        return self._earlier is not None and step.spec.reads_sound

    def _recorded_as(self, spec: StepSpec) -> str | None:
        return None if spec is self.kind.steps[0] else spec.name

    def _mark(self, *, alone: bool) -> None:
        spans = {self._recorded_as(step.spec): step.running for step in self.steps}
        self.directory.mark_running(spans, alone=alone)

    def advance(self) -> None:
        """Find the pieces of steps whose time has come, and update the progress."""
        for step in self.steps:
            if step.awaits_last_pieces and step.source is not None and step.source.is_over:
                step.find_last(self.policy.last_pieces_for(step.name))
            if step.is_ready_to_close:
                step.close(self.policy.closing_pieces_for(step.name))
        done = sum(step.chunks.seconds_done for step in self.steps)
        known = sum(step.seconds_in_all for step in self.steps)
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
        is_done = fields["status"] is Status.DONE
        return Outcome(
            ended_at=now,
            duration=duration,
            attempts=max(1, self.blames + is_done),
            incidents=tuple(self.incidents),
            timings=timings,
            worker_id=worker_id,
            model=self.first.model.name if self.steps else None,
            steps=self._optional_steps() if is_done else {},
            **fields,
        )

    def _optional_steps(self) -> dict[str, dict[str, Any]]:
        """State and results of the optional steps."""
        failures = dict(self._failed_steps)
        steps: dict[str, dict[str, Any]] = {}
        for step in self.steps:
            if step.failure is not None:
                failures[step.name] = step.failure
            elif step.spec.optional:
                steps[step.name] = {"status": "done", "result": self.policy.step_result(step.name)}
        for name, failure in failures.items():
            steps[name] = {"status": "failed", "code": failure.code, "error": failure.error}
        return steps


TaskStep: TypeAlias = StepRun[TaskRun]
"""One step of a task in a worker."""
