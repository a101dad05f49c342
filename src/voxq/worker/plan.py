"""How a worker's engine is to treat a task: its options, and how long its chunks may be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from voxq.engines.base import Chunking, ChunkOptions, EngineRequest, EngineTraits
from voxq.settings import Settings
from voxq.tasks.task import Task

_SHORTEST_MAXIMUM = 2.0
"""Seconds: speech cut finer than this is not understood."""


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """One engine and the operator's defaults for it. `batch_seconds` caps a batch, and so every chunk."""

    request: EngineRequest
    traits: EngineTraits
    language: str | None
    hotwords: tuple[str, ...]
    batch_seconds: float

    @classmethod
    def of(cls, settings: Settings, request: EngineRequest, traits: EngineTraits) -> WorkPlan:
        return cls(
            request=request,
            traits=traits,
            language=None if settings.asr_language == "auto" else settings.asr_language,
            hotwords=read_hotwords(settings.hotwords_path),
            batch_seconds=settings.asr_batch_size,
        )

    def options_for(self, task: Task) -> ChunkOptions:
        """The client's wishes over the operator's."""
        options = task.options
        hotwords = tuple(dict.fromkeys((*options.hotwords, *self.hotwords)))
        return ChunkOptions(
            options.language or self.language, hotwords, options.words, options.use_punc, options.use_itn
        )

    def chunking_for(self, task: Task) -> Chunking:
        chunking = self.traits.chunking
        wished = min(chunking.maximum, self.batch_seconds, task.options.batch_size or chunking.maximum)
        longest = max(_SHORTEST_MAXIMUM, wished)
        return replace(chunking, maximum=longest, target=min(chunking.target, longest))


def read_hotwords(path: Path) -> tuple[str, ...]:
    """The words of the operator's file: one a line, `#` starts a comment. Raises OSError."""
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))
