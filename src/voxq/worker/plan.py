"""How a worker's engine is to treat a task: options, chunk lengths, and results that can be used again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voxq.engines.base import Chunking, ChunkOptions, ChunkResult, EngineRequest, EngineTraits
from voxq.settings import Settings
from voxq.speech.transcript import Segment
from voxq.tasks.task import Task


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
        return ChunkOptions(options.language or self.language, hotwords, options.words)

    def chunking_for(self, task: Task) -> Chunking:
        chunking = self.traits.chunking
        longest = min(chunking.maximum, self.batch_seconds, task.options.batch_size or chunking.maximum)
        return replace(chunking, maximum=longest, target=min(chunking.target, longest))


def conditions(task: Task, options: ChunkOptions, revision: str) -> str:
    """All that the result of a chunk depends on besides its span; `options` as the task began."""
    words = " ".join(options.hotwords)
    return f"{revision}|{task.audio_sha256}|{options.language}|{options.words}|{words}"


def result_to_json(result: ChunkResult) -> dict[str, Any]:
    return {"language": result.language, "segments": [segment.to_json() for segment in result.segments]}


def result_from_json(record: dict[str, Any]) -> ChunkResult | None:
    """None for what `result_to_json` did not write."""
    try:
        segments = tuple(Segment.from_json(segment) for segment in record["segments"])
        language = record["language"]
    except (KeyError, TypeError, ValueError):
        return None
    return ChunkResult(segments, language if language is None else str(language))


def read_hotwords(path: Path) -> tuple[str, ...]:
    """The words of the operator's file: one a line, `#` starts a comment. Raises OSError."""
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))
