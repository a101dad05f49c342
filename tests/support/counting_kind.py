"""A kind of task that only tests know: how long the sentences of a text are when they are spoken.

Named by VOXQ_TEST_KINDS="counting_kind:COUNT" with VOXQ_TEST_ENGINES=1. Its first step has each sentence
spoken by `counting_voice`; its second one, which it can do without, has what came of each of them said as
well. That fails in the first run of a task with `fault`, a word of `counting_voice`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from voxq.core.inputs import TEXT, Inline
from voxq.core.options import Options
from voxq.kinds.base import Kind, StepSpec
from voxq.kinds.pieces import Phrase
from voxq.kinds.work import Joined, KindRun, Work
from voxq.processes.media.protocol import Split
from voxq.processes.model.protocol import KeptSpeech, SentenceRef
from voxq.speech.sentences import Break

MEASURE, CHECK = "measure", "check"
_BESIDE = 1_000_000
"""By which the second step's places lie beyond those of the first."""


@dataclass(frozen=True, slots=True)
class CountOptions(Options):
    """What is to be measured."""

    fault: Annotated[str, Field(description="What the check of it runs into.")] = ""


class _Count(Kind):
    def expected_seconds(self, text: str, options: Options) -> float:
        return len(text) * 0.01

    def shown(self, options: Options) -> dict[str, Any]:
        return {}

    def model_name(self, step: str, options: Options) -> str:
        return "counting_voice:KIND"

    def begin(self, work: Work) -> _CountRun:
        return _CountRun(work)


class _CountRun(KindRun):
    def __init__(self, work: Work) -> None:
        super().__init__(work)
        assert isinstance(work.task.options, CountOptions)
        self._asked = work.task.options

    @property
    def request(self) -> Split:
        text = self.task.inputs[TEXT]
        assert isinstance(text, Inline)
        return Split(self.task.id, text.text)

    @property
    def seconds(self) -> float:
        return self.task.seconds

    @property
    def text(self) -> str:
        return f"{sum(1 for _ in self.work.results[MEASURE].finished())} measured"

    def batch_key(self, step: str) -> str:
        return step

    def ref(self, step: str, index: int) -> SentenceRef:
        phrase = self.work.results[step][index]
        return SentenceRef(phrase.text, {"voice": "teller"}, self._sound(phrase))

    def conditions(self, step: str, revision: str) -> Sequence[str]:
        return (self.condition(revision),)

    def record(self, step: str, result: KeptSpeech) -> dict[str, Any]:
        return {"samples": result.samples}

    def recorded(self, step: str, piece: Any, record: dict[str, Any]) -> KeptSpeech:
        return KeptSpeech(int(record["samples"]), 16_000)

    def pieces_for(self, step: str, piece: Phrase, result: KeptSpeech) -> Iterable[Phrase]:
        return [self._checked(piece.start, result.samples)]

    def earlier_pieces_for(self, step: str) -> Iterable[Phrase]:
        assert self.work.earlier is not None
        lengths = [round(segment["e"] * 16_000) for segment in self.work.earlier.segments]
        return [self._checked(number, samples) for number, samples in enumerate(lengths)]

    def done(self, duration: float, joined: Joined | None) -> dict[str, Any]:
        measured = list(self.work.results[MEASURE].finished())
        segments = ({"t": phrase.text, "s": 0.0, "e": kept.samples / 16_000} for phrase, kept in measured)
        return {"text": f"{len(measured)} sentences", "segments": tuple(segments)}

    def step_result(self, step: str) -> dict[str, Any]:
        return {"checked": sum(1 for _ in self.work.results[step].finished())}

    def _checked(self, start: int, samples: int) -> Phrase:
        fault = f" {self._asked.fault}" if self._asked.fault and self.task.run == 1 else ""
        text = f"checked {samples}{fault}"
        return Phrase(_BESIDE + start, _BESIDE + start + 1, text, Break.SENTENCE, len(text) * 0.01)

    def _sound(self, phrase: Phrase) -> Path:
        return self.work.directory.sound(phrase.start)


COUNT = _Count(
    name="count",
    options=CountOptions,
    noun="text",
    steps=(
        StepSpec(MEASURE, capability="speak"),
        StepSpec(CHECK, capability="speak", source=MEASURE, optional=True),
    ),
    preparation="Splitting",
    preparer="splitter",
)
