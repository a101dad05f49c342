"""A recording in the hands of a worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from voxq.core.options import Affects
from voxq.core.outcome import Outcome
from voxq.core.task import Status
from voxq.engines.contract import Options, Recognised
from voxq.kinds import transcription
from voxq.kinds.transcription import TranscriptionOptions
from voxq.processes.model.protocol import SpanRef
from voxq.queue.claiming import TaskExecution
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.chinese_script import Script
from voxq.speech.transcript import Segment, Transcript
from voxq.storage.scratch import WorkDirectory
from voxq.worker.plan import ModelPlan
from voxq.worker.runs import chunk_record
from voxq.worker.runs.chunks import Span
from voxq.worker.runs.task_run import TaskRun


class TranscriptionRun(TaskRun[Span, Recognised]):
    """Its chunks are spans of the decoded sound, their results text."""

    def __init__(
        self,
        held: TaskExecution,
        directory: WorkDirectory,
        model: ModelPlan,
        options: TranscriptionOptions,
        *,
        script: Script | None = None,
        admitted_at: float,
    ) -> None:
        """`options`: with the operator's defaults; `script`: of Mandarin, None for what the model writes."""
        super().__init__(held, directory, model, admitted_at=admitted_at)
        self._given = options
        self._given_conditions = options.conditions()
        self._script = script
        # Without a given language, that of the first speech goes for all chunks.
        self._language_first = model.traits.detects_language and options.language is None
        self._choose(options.language)
        self._language: str | None = None

    @property
    def options(self) -> Options:
        """How its next chunk is to be recognised."""
        return self._options

    @property
    def batch_key(self) -> str:
        return self._batch_key

    @property
    def batch_seconds(self) -> float:
        return transcription.options_of(self.task).batch_size or float("inf")

    @property
    def seconds(self) -> float:
        return self.task.seconds

    @property
    def text(self) -> str:
        return self.transcript().text

    def waiting(self, most: int) -> Sequence[int]:
        """One at a time until the language is known."""
        if self._language_first and self._options["language"] is None:
            return () if self.chunks.running else super().waiting(1)[:1]
        return super().waiting(most)

    def ref(self, index: int) -> SpanRef:
        span = self.chunks[index]
        return SpanRef(self.directory.pcm, span.start, span.end, dict(self._options))

    def segments(self) -> Iterator[Segment]:
        """What has been recognised so far, timed from the start of the recording."""
        for span, result in self.chunks.finished():
            for segment in result.segments:
                yield segment.shifted(span.start / SAMPLE_RATE)

    def transcript(self) -> Transcript:
        """What has been recognised so far."""
        return Transcript.of(self.segments(), self._given.language or self._language, self.duration)

    def done(self, now: float, worker_id: int) -> Outcome:
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

    def _conditions(self, revision: str) -> str:
        return f"{revision}|{self.task.sha256}|{self._given_conditions}"

    def _conditions_of_0_1(self, revision: str) -> str:
        given = self._given
        switches = f"{given.words}|{given.use_punc}|{given.use_itn}|{given.translate}"
        words = " ".join(given.hotwords)
        return f"{revision}|{self.task.sha256}|{given.language}|{switches}|{words}"

    def _record(self, result: Recognised, seconds: float) -> dict[str, Any]:
        return chunk_record.to_json(result, seconds)

    def _recorded(self, piece: Span, record: dict[str, Any]) -> tuple[Recognised, float] | None:
        return chunk_record.from_json(record)

    def _taken(self, result: Recognised) -> None:
        self._language = self._language or result.language
        if self._language_first and self._options["language"] is None:
            self._choose(self._language)

    def _choose(self, language: str | None) -> None:
        """The language of the chunks to come. An engine is told what its batches are kept apart by, no more.

        The script is no option of a task: a chunk that was finished when the operator changed his mind is
        worth more than one script in a task that was under way at that moment.
        """
        options = replace(self._given, language=language).values(Affects.BATCH)
        self._options: Options = {**options, "script": self._script}
        self._batch_key = self.model.traits.batch_key(self._options)
