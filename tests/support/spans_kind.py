"""A kind of task that only tests know, made from a recording: where somebody speaks in it, and for how long.

Named by VOXQ_TEST_KINDS="spans_kind:SPANS" with VOXQ_TEST_ENGINES=1. It has no routes of its own. Its step
gives each span to a recogniser, whose text is not used; with `fault`, a word of `counting_engine`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from voxq.core.options import Affects, Mark, Options
from voxq.engines.contract import Recognised
from voxq.kinds.base import Kind, StepSpec
from voxq.kinds.pieces import Span
from voxq.kinds.work import Joined, KindRun, Work
from voxq.processes.media.protocol import Prepare
from voxq.processes.model.protocol import SpanRef
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.chunking import Chunking

LISTEN = "listen"


@dataclass(frozen=True, slots=True)
class SpanOptions(Options):
    """How a recording is cut."""

    longest: Annotated[int, Field(ge=1, le=30, description="Seconds of a span, at most.")]
    silence: Annotated[
        bool, Field(description="Whether silence counts, too."), Mark(affects=Affects.RESULT)
    ] = False
    fault: Annotated[str, Field(description="What the recogniser runs into.")] = ""
    label: Annotated[
        int,
        Field(description="Colour that a client files it under."),
        Mark(affects=Affects.NOTHING, choices=(("red", 1), ("green", 2)), field="color"),
    ] = 1


class _Spans(Kind):
    def begin(self, work: Work) -> _SpansRun:
        return _SpansRun(work)


class _SpansRun(KindRun):
    def __init__(self, work: Work) -> None:
        super().__init__(work)
        assert isinstance(self.asked, SpanOptions)
        self._asked = self.asked

    @property
    def request(self) -> Prepare:
        work, longest = self.work, self._asked.longest
        scratch, most = work.directory.pcm, work.defaults.max_seconds
        cut = Chunking(maximum=longest, target=longest)
        return Prepare(self.task.id, work.recording, scratch, most, cut, not self._asked.silence)

    @property
    def seconds(self) -> float:
        return self.task.seconds

    @property
    def batch_seconds(self) -> float:
        return self._asked.longest

    @property
    def text(self) -> str:
        return f"{sum(1 for _ in self.work.results[LISTEN].finished())} spans"

    def batch_key(self, step: str) -> str:
        return step

    def ref(self, step: str, index: int) -> SpanRef:
        span = self.work.results[step][index]
        options = {"hotwords": [self._asked.fault]} if self._asked.fault else {}
        return SpanRef(self.work.directory.pcm, span.start, span.end, options)

    def conditions(self, step: str, revision: str) -> Sequence[str]:
        return (self.condition(revision),)

    def record(self, step: str, result: Recognised) -> dict[str, Any]:
        return {"segments": len(result.segments)}

    def recorded(self, step: str, piece: Any, record: dict[str, Any]) -> Recognised:
        return Recognised((), None)

    def done(self, duration: float, joined: Joined | None) -> dict[str, Any]:
        spans: list[Span] = [span for span, _ in self.work.results[LISTEN].finished()]
        segments = tuple(
            {"t": "span", "s": span.start / SAMPLE_RATE, "e": span.end / SAMPLE_RATE} for span in spans
        )
        return {"text": f"{len(spans)} spans", "segments": segments}


SPANS = _Spans(
    name="spans",
    options=SpanOptions,
    noun="recording",
    steps=(StepSpec(LISTEN, capability="recognise"),),
    preparation="Cutting",
    preparer="cutter",
    takes_recording=True,
)
