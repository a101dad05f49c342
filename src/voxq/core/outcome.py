"""How a task ended, as an immutable value."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pydantic import TypeAdapter

from voxq.core.task import Seconds, Status, Timestamp
from voxq.speech.transcript import Segment


def elapsed(since: float, until: float) -> float:
    """Seconds between two times of the wall clock; 0 if it was put back in between."""
    return round(max(0.0, until - since), 3)


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of a task went, all in seconds."""

    queued: float = 0.0
    """From acceptance to admission by the worker that ended it."""
    decode: float = 0.0
    """Of a recording; of a text, finding its sentences."""
    vad: float = 0.0
    engine: float = 0.0
    """The task's share of the batches it was in."""
    encode: float = 0.0
    """Joining speech and writing its file."""
    total: float = 0.0
    """From acceptance to the end."""
    rtf: float | None = None
    """Engine seconds per second of audio."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong on the way and was survived, or not: a crash, a timeout, out of memory."""

    at: Timestamp
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one (task, run): done with a text or with speech, failed with an error, or cancelled."""

    status: Status
    ended_at: Timestamp
    duration: Seconds
    """Seconds of audio; always a number, because people average it."""
    text: str = ""
    """What was recognised, or spoken."""
    raw_text: str = ""
    language: str | None = None
    model: str | None = None
    """Name of the model that did it, or was to; None when none was chosen yet."""
    segments: tuple[dict[str, Any], ...] = ()
    """`voxq.speech.transcript` segments as JSON; of speech, its sentences."""
    sample_rate: int | None = None
    """Of speech, in Hz."""
    error: str | None = None
    code: str | None = None
    attempts: int = 1
    incidents: tuple[Incident, ...] = ()
    timings: Timings = field(default_factory=Timings)
    worker_id: int = 0
    """0 when no worker was involved: it was cancelled while it waited, or has an earlier task's result."""

    def to_json(self) -> dict[str, Any]:
        # Not `asdict` as a whole: it would copy each word of a long transcript.
        shallow = {each.name: getattr(self, each.name) for each in fields(self)}
        return shallow | {
            "incidents": [asdict(incident) for incident in self.incidents],
            "timings": asdict(self.timings),
        }

    @classmethod
    def from_json(cls, data: object) -> Outcome:
        """Reads what this or an earlier version wrote; unknown fields are ignored.

        Raises ValueError when the record cannot be an outcome.
        """
        outcome = _ADAPTER.validate_python(data)
        is_explained = outcome.error is not None and outcome.code is not None
        if not outcome.status.is_terminal or (outcome.status is Status.FAILED and not is_explained):
            raise ValueError("not an end, or a failure without a reason")
        for segment in outcome.segments:
            Segment.from_json(segment)
        return outcome


_ADAPTER = TypeAdapter(Outcome)
