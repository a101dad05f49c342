"""A finished chunk as it lies in the work directory, so that nobody recognises it again."""

from __future__ import annotations

from typing import Any

from voxq.core.task import Task
from voxq.engines.contract import Options, Recognised
from voxq.speech.transcript import Segment


def conditions(task: Task, options: Options, revision: str) -> str:
    """All that the result of a chunk depends on besides its span; `options` as the task began.

    But for the script of Mandarin: a chunk that was finished when the operator changed his mind, or before
    there was a choice, is worth more than one script in a task that was under way at that moment.
    """
    names = ("language", "words", "use_punc", "use_itn", "translate")
    switches = "|".join(str(options[name]) for name in names)
    return f"{revision}|{task.audio_sha256}|{switches}|{' '.join(options['hotwords'])}"


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
