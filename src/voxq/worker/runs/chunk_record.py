"""A finished chunk as it lies in the work directory, so that nobody recognises it again."""

from __future__ import annotations

from typing import Any

from voxq.engines.contract import Recognised
from voxq.speech.transcript import Segment


def to_json(result: Recognised, seconds: float) -> dict[str, Any]:
    """`seconds` of the engine's time went into it."""
    return {
        "language": result.language,
        "segments": [segment.to_json() for segment in result.segments],
        "seconds": round(seconds, 4),
    }


def from_json(record: dict[str, Any]) -> tuple[Recognised, float] | None:
    """The result and its engine seconds; None for what `to_json` did not write."""
    try:
        segments = tuple(Segment.from_json(segment) for segment in record["segments"])
        language = record["language"]
        seconds = float(record["seconds"])
    except (KeyError, TypeError, ValueError):
        return None
    return Recognised(segments, language if language is None else str(language)), seconds
