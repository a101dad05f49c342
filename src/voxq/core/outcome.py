"""The end of a task as an immutable value."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from voxq.core.task import Seconds, Status, Timestamp, shallow_dict
from voxq.speech.transcript import Dropped, Segment


def elapsed(since: float, until: float) -> float:
    """Return the seconds between two wall-clock times; 0 if the clock was set back in between."""
    return round(max(0.0, until - since), 3)


@dataclass(frozen=True, slots=True)
class Timings:
    """Durations of the phases of a task, in seconds."""

    queued: float = 0.0
    """From acceptance to admission by the worker that ended it."""
    decode: float = 0.0
    """Decoding a recording, or splitting a text into sentences."""
    vad: float = 0.0
    engine: float = 0.0
    """The task's share of the engine time of its batches."""
    encode: float = 0.0
    """Joining speech and writing its file."""
    total: float = 0.0
    """From acceptance to the end."""
    rtf: float | None = None
    """Engine seconds per second of audio."""


@dataclass(frozen=True, slots=True)
class Incident:
    """A fault during a task, whether or not the task survived it: a crash, a timeout, out of memory."""

    at: Timestamp
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one (task, run): done with a text or with speech, failed with an error, or cancelled."""

    status: Status
    ended_at: Timestamp
    duration: Seconds
    """Seconds of audio; always a number, so that clients can average it."""
    text: str = ""
    """Text that was recognised or spoken."""
    raw_text: str = ""
    language: str | None = None
    model: str | None = None
    """Name of the model that did the task or was chosen for it; None if none was chosen yet."""
    segments: tuple[dict[str, Any], ...] = ()
    """Segments (`voxq.speech.transcript`) as JSON; for speech, its sentences."""
    dropped: tuple[dict[str, Any], ...] | None = None
    """Text that a filter took out (`Dropped` in `voxq.speech.transcript`) as JSON; None for a kind that
    recognises nothing."""
    sample_rate: int | None = None
    """Sample rate of speech in Hz."""
    audio_tracks: tuple[dict[str, Any], ...] = ()
    """Sound tracks of a recording with several, of which one was `taken`."""
    error: str | None = None
    code: str | None = None
    attempts: int = 1
    incidents: tuple[Incident, ...] = ()
    timings: Timings = field(default_factory=Timings)
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What became of each step that the task could do without: its `status`, with a `result` or with `code`
    and `error`."""
    skipped: tuple[dict[str, Any], ...] = ()
    """What of a text was not spoken: its `text`, and `why`."""
    rewritten: dict[str, Any] | None = None
    """What became of a text that was rewritten, and how: `voxq.engines.contract.Rewritten` as JSON."""
    embedding: dict[str, Any] | None = None
    """What a voice was turned into: `model`, `revision`, `speech_seconds`, `quality`, and the `vector`, or
    the voiceprint that it belongs to."""
    worker_id: int = 0
    """0 if no worker was involved: the task was cancelled while waiting or reuses an earlier result."""

    def to_json(self) -> dict[str, Any]:
        record = shallow_dict(self)
        for name in ("steps", "audio_tracks", "skipped"):
            if not record[name]:
                del record[name]
        for name in ("dropped", "rewritten", "embedding"):
            if record[name] is None:
                del record[name]
        return record | {
            "incidents": [shallow_dict(incident) for incident in self.incidents],
            "timings": shallow_dict(self.timings),
        }

    @classmethod
    def from_json(cls, data: object) -> Outcome:
        """Read a record of this or an earlier version; unknown fields are ignored.

        Raises ValueError if the record is not a valid outcome.
        """
        outcome = _adapter().validate_python(data)
        is_explained = outcome.error is not None and outcome.code is not None
        if not outcome.status.is_terminal or (outcome.status is Status.FAILED and not is_explained):
            raise ValueError("not an end, or a failure without a reason")
        for segment in outcome.segments:
            Segment.from_json(segment)
        for dropped in outcome.dropped or ():
            Dropped.from_json(dropped)
        return outcome


@cache
def _adapter() -> TypeAdapter[Outcome]:
    return TypeAdapter(Outcome)
