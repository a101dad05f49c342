"""A text in the hands of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxq.core.options import Affects
from voxq.core.outcome import Outcome
from voxq.core.task import Status
from voxq.engines.contract import Options
from voxq.kinds import speech
from voxq.kinds.speech import SpeechOptions
from voxq.processes.media.join_protocol import Begin, Sound
from voxq.processes.model.protocol import KeptSpeech, SentenceRef
from voxq.queue.claiming import TaskExecution
from voxq.speech.sentences import Break
from voxq.speech.transcript import Segment, Transcript
from voxq.storage.scratch import WorkDirectory
from voxq.worker.plan import ModelPlan
from voxq.worker.runs.chunks import Phrase
from voxq.worker.runs.task_run import TaskRun

_FLOAT32 = 4


@dataclass(frozen=True, slots=True)
class Joined:
    """The speech is whole: its seconds, the rate of its file (Hz), the times of its sentences (s)."""

    duration: float
    rate: int
    times: tuple[tuple[float, float], ...]
    encode: float


class SpeechRun(TaskRun[Phrase, KeptSpeech]):
    """Its chunks are sentences; their results lie as sound in the work directory, to be joined in the end."""

    disk_per_second = 1.5
    """Voices have 24 kHz."""

    def __init__(
        self,
        held: TaskExecution,
        directory: WorkDirectory,
        model: ModelPlan,
        options: SpeechOptions,
        *,
        admitted_at: float,
    ) -> None:
        super().__init__(held, directory, model, admitted_at=admitted_at)
        self._options: Options = options.values(Affects.BATCH)
        self._batch_key = model.traits.batch_key(self._options)
        self._given_conditions = options.conditions()
        self.joined: Joined | None = None

    @property
    def batch_key(self) -> str:
        return self._batch_key

    @property
    def batch_seconds(self) -> float:
        return float("inf")

    @property
    def seconds(self) -> float:
        """At the voice's own speed: a faster one takes as much work."""
        return self.task.seconds * self._options["speed"]

    @property
    def text(self) -> str:
        spoken = (Segment(phrase.text, 0.0, 0.0) for phrase, _ in self.chunks.finished())
        return Transcript.of(spoken, None, 0.0).text

    @property
    def duration(self) -> float:
        return self.joined.duration if self.joined else 0.0

    @property
    def is_complete(self) -> bool:
        return self.joined is not None

    @property
    def file(self) -> Path:
        """Where its speech is joined."""
        return self.directory.speech(self.held.execution)

    def ref(self, index: int) -> SentenceRef:
        phrase = self.chunks[index]
        return SentenceRef(phrase.text, dict(self._options), self._sound(phrase))

    def sounds(self, first: int, most: int) -> tuple[Sound, ...]:
        """The sentences to be joined next: at most so many from `first` on, as far as they are spoken without
        a gap. A file begins with the rate of its sound, so nothing comes before the first that has one."""
        is_there = self.prepared is not None and self.chunks.result(first) is not None
        if not is_there or self._sample_rate is None:
            return ()
        sounds: list[Sound] = []
        for index in range(first, min(first + most, len(self.chunks))):
            kept = self.chunks.result(index)
            if kept is None:
                break
            is_last = index == len(self.chunks) - 1
            phrase = self.chunks[index]
            sounds.append(
                Sound(self._sound(phrase), kept.samples, Break.CLAUSE if is_last else phrase.ending)
            )
        return tuple(sounds)

    def begin_joining(self, id: str) -> Begin:
        """Make way for its file. Raises OSError."""
        assert self._sample_rate is not None  # there are `sounds`
        return Begin(
            id,
            self.directory.begin_speech(self.held.execution),
            speech.options_of(self.task).format,
            self._sample_rate,
            speech.options_of(self.task).sample_rate,
            self._options["speed"],
        )

    def forget_lost(self) -> None:
        """Sentences whose sound is gone are to be spoken again."""
        for index in range(len(self.chunks)):
            kept = self.chunks.result(index)
            if kept is not None and not self._is_there(self.chunks[index], kept):
                self.chunks.forget(index)

    @property
    def is_silent(self) -> bool:
        """Whether no sentence has a sound, now that all are spoken."""
        return not any(kept.samples for _, kept in self.chunks.finished())

    def join(self, joined: Joined) -> None:
        """The file is there."""
        self.joined = joined

    def done(self, now: float, worker_id: int) -> Outcome:
        assert self.joined is not None
        times = zip(self.chunks.finished(), self.joined.times, strict=True)
        segments = [Segment(phrase.text, start, end) for (phrase, _), (start, end) in times]
        return self._outcome(
            now,
            worker_id,
            encode=self.joined.encode,
            status=Status.DONE,
            text=speech.text_of(self.task),
            language=self._options["language"] or self.model.voice(self._options["voice"]).language,
            segments=tuple(segment.to_json() for segment in segments),
            sample_rate=self.joined.rate,
        )

    @property
    def _sample_rate(self) -> int | None:
        """Of its sentences, as soon as one has a sound and all before it are spoken."""
        for index in range(len(self.chunks)):
            kept = self.chunks.result(index)
            if kept is None or kept.samples:
                return kept.sample_rate if kept else None
        return None

    def _is_there(self, phrase: Phrase, kept: KeptSpeech) -> bool:
        """Whether its sound is whole; a person may have removed it."""
        if not kept.samples:
            return True
        try:
            return self._sound(phrase).stat().st_size == kept.samples * _FLOAT32
        except OSError:
            return False

    def _sound(self, phrase: Phrase) -> Path:
        return self.directory.sound(phrase.start)

    def _conditions(self, revision: str) -> str:
        return f"{revision}|{self.task.sha256}|{self._given_conditions}"

    def _conditions_of_0_1(self, revision: str) -> str:
        how = "|".join(str(self._options[name]) for name in ("voice", "speed", "language", "normalise"))
        return f"{revision}|{self.task.sha256}|{how}"

    def _record(self, result: KeptSpeech, seconds: float) -> dict[str, Any]:
        return {
            "samples": result.samples,
            "sample_rate": result.sample_rate,
            "seconds": round(seconds, 4),
        }

    def _recorded(self, piece: Phrase, record: dict[str, Any]) -> tuple[KeptSpeech, float] | None:
        """Only with its sound."""
        try:
            kept = KeptSpeech(int(record["samples"]), int(record["sample_rate"]))
            seconds = float(record["seconds"])
        except (KeyError, TypeError, ValueError):
            return None
        return (kept, seconds) if self._is_there(piece, kept) else None
