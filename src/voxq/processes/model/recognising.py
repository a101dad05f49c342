"""Adapter for recognisers in the model process: samples of chunks to text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from voxq.engines import warmup
from voxq.engines.contract import (
    AudioItem,
    ChunkError,
    Cost,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Options,
    Recognised,
    Samples,
)
from voxq.locale import Message
from voxq.processes.model import spans
from voxq.processes.model.answers import checked_text
from voxq.processes.model.protocol import ChunkRef, SpanRef
from voxq.speech.chinese_script import in_script
from voxq.speech.edges import to_sound


class Recogniser:
    """Adapter for a recogniser; see `voxq.processes.model.served_model`."""

    def __init__(self, family: EngineFamily, request: EngineRequest, models: ModelPaths) -> None:
        """Load the model. Raises EngineError, or whatever the model library raises."""
        self._longest = family.traits_for(request).chunking.maximum
        self._engine = family.load(request, models)
        self.revision = self._engine.revision

    def measure(self) -> Cost:
        return warmup.measure(self._engine)

    def short_speed(self, items: int) -> float:
        return warmup.short_speed(self._engine, items)

    def long_speed(self, items: int) -> float:
        return warmup.long_speed(self._engine, items)

    def read(self, ref: ChunkRef) -> AudioItem | ChunkError:
        if isinstance(ref, SpanRef):
            return spans.read(ref, self._longest)
        return ChunkError("bad_chunk", Message("This model recognises, and was given a text."))

    def call(self, batch: Sequence[AudioItem]) -> list[Recognised | ChunkError]:
        answers = self._engine.run(batch)
        return [
            _timed(_written(checked_text(answer, item.seconds), item.options), item.samples)
            for item, answer in zip(batch, answers, strict=True)
        ]


def _timed(answer: Recognised | ChunkError, samples: Samples) -> Recognised | ChunkError:
    """Move the edges of segments to where something is heard."""
    if isinstance(answer, ChunkError):
        return answer
    return replace(answer, segments=to_sound(answer.segments, samples))


def _written(answer: Recognised | ChunkError, options: Options) -> Recognised | ChunkError:
    """Convert Mandarin to the requested script, because models mix both."""
    script = options.get("script")
    if isinstance(answer, ChunkError) or options.get("translate") or not script:
        return answer
    segments = tuple(
        in_script(each, script) if (each.language or answer.language) == "zh" else each
        for each in answer.segments
    )
    return replace(answer, segments=segments)
