"""A finished chunk as it lies in the work directory, so that nobody recognises it again."""

from __future__ import annotations

from typing import Any

from voxq.core.task import Task
from voxq.engines.base import ChunkOptions, ChunkResult
from voxq.speech.transcript import Segment


def conditions(task: Task, options: ChunkOptions, revision: str) -> str:
    """All that the result of a chunk depends on besides its span; `options` as the task began.

    But for the script of Mandarin: a chunk that was finished when the operator changed his mind, or before
    there was a choice, is worth more than one script in a task that was under way at that moment.
    """
    words = " ".join(options.hotwords)
    switches = f"{options.words}|{options.punc}|{options.itn}|{options.translate}"
    return f"{revision}|{task.audio_sha256}|{options.language}|{switches}|{words}"


def to_json(result: ChunkResult, seconds: float) -> dict[str, Any]:
    """`seconds` of the engine's time went into it."""
    return {
        "language": result.language,
        "segments": [segment.to_json() for segment in result.segments],
        "seconds": round(seconds, 4),
    }


def from_json(record: dict[str, Any]) -> tuple[ChunkResult, float] | None:
    """The result and its engine seconds; None for what `to_json` did not write."""
    try:
        segments = tuple(Segment.from_json(segment) for segment in record["segments"])
        language = record["language"]
        seconds = float(record["seconds"])
    except (KeyError, TypeError, ValueError):
        return None
    return ChunkResult(segments, language if language is None else str(language)), seconds
