"""A task: what a client asked for, as an immutable value."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, TypeAdapter

from voxq.core import kinds
from voxq.core.options import Options

SCHEMA = 1

Seconds = Annotated[float, Field(ge=0, le=1e9)]
Timestamp = Annotated[float, Field(ge=0, lt=253_402_300_800)]
"""Seconds since the epoch, UTC, up to the year 9999."""

_ALPHABET = string.ascii_lowercase + string.digits
_RANDOM_LENGTH = 12  # 62 bits: ids are unguessable and never collide
_TASK_ID = re.compile(r"\d{4}-\d{2}-\d{2}_\d{3,9}_(?P<short>[a-z0-9]{6,32})", re.ASCII)
_SHORT_ID = re.compile(r"[a-z0-9]{6,32}", re.ASCII)


class Status(StrEnum):
    """Where a task is."""

    QUEUED = "queued"  # accepted, waiting in a lane
    PROCESSING = "processing"  # admitted by a worker
    DONE = "done"  # has its result
    FAILED = "failed"  # has an error with a code; can be retried while what it is made from is there
    CANCELLED = "cancelled"  # withdrawn by its owner

    @property
    def is_terminal(self) -> bool:
        return self in (Status.DONE, Status.FAILED, Status.CANCELLED)


class Lane(StrEnum):
    """Which queue a task waits in, best first."""

    HIGH = "high"  # asked for with priority=high
    SHORT = "short"  # voice notes: the normal lane
    LONG = "long"  # long or unknown duration, or priority=low


class Priority(StrEnum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


def choose_lane(priority: Priority, duration: float | None, long_seconds: float) -> Lane:
    """The lane of `duration` seconds of sound, recorded or to be spoken; unknown ones count as long."""
    if priority is Priority.HIGH:
        return Lane.HIGH
    if priority is Priority.LOW or duration is None or duration > long_seconds:
        return Lane.LONG
    return Lane.SHORT


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that a client asked for. One task is one RQ job with the same id."""

    id: str
    kind: str
    """Name of a registered kind, see `voxq.core.kinds`; also the prefix of the task's Redis keys."""
    owner: str
    lane: Lane
    file: str
    """Stored name under recordings/, derived from the id and the format: of the recording that came, or
    of the speech that will be made."""
    mime: str
    size: Annotated[int, Field(ge=0)]
    """Bytes of the recording or the text."""
    audio_sha256: str
    """Of the recording or the text."""
    duration: Seconds | None
    """Probed seconds, None when the container does not tell; of a text, what speaking it should take."""
    created_at: Timestamp
    """When it was submitted."""
    accepted_at: Timestamp
    """When this run was accepted; later than `created_at` after a retry."""
    options: Options
    run: Annotated[int, Field(ge=1)] = 1
    """Counts the client's retries: (id, run) ends exactly once."""
    idempotency: str | None = None
    """The client's Idempotency-Key, hashed together with its owner."""
    callback: str | None = None
    """Name of the registered webhook that is told of the end of each run."""
    schema: int = SCHEMA

    def evolve(self, **changes: Any) -> Self:
        return replace(self, **changes)

    @property
    def short_id(self) -> str:
        return short_id(self.id)

    @property
    def model(self) -> str | None:
        """Name of the model it asks for; None: the service's default."""
        return getattr(self.options, "model", None)

    @property
    def seconds(self) -> float:
        """Seconds of audio; an unknown duration is guessed: 32 kbit/s."""
        return self.duration if self.duration is not None else self.size / 4000

    @property
    def queue_seconds(self) -> float:
        """What it counts for in the queue: its seconds, but one at least, or the queue's limit would let in
        millions of recordings of a millisecond, each with its files and its place in Redis."""
        return max(1.0, self.seconds)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> Task:
        """Reads what this or an earlier version wrote; unknown fields are ignored.

        Raises ValueError when the record cannot be a task.
        """
        if not isinstance(data, dict) or not isinstance(data.get("options", {}), dict):
            raise ValueError("not a task with options")
        options = kinds.find(data.get("kind")).read_options(data.get("options", {}))
        task = _ADAPTER.validate_python({**data, "options": options})
        if not is_task_id(task.id) or task.file.partition(".")[0] != task.id:
            raise ValueError("not a task id with a file of its own")
        return task


_ADAPTER = TypeAdapter(Task)


def new_task_id(now: float, number: int) -> str:
    """E.g. `2025-12-01_001_k3v9qz0b1x2y`: the UTC day, the day's number, and a random part."""
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    random = secrets.randbelow(len(_ALPHABET) ** _RANDOM_LENGTH)
    letters = []
    for _ in range(_RANDOM_LENGTH):
        random, letter = divmod(random, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return f"{day}_{number:03d}_{''.join(letters)}"


def is_task_id(value: object) -> bool:
    return isinstance(value, str) and _TASK_ID.fullmatch(value) is not None


def is_short_id(value: str) -> bool:
    return _SHORT_ID.fullmatch(value) is not None


def short_id(task_id: str) -> str:
    """The random part, which names a task in URLs and logs."""
    return task_id.rpartition("_")[2]


def age_order(task_id: str) -> tuple[str, int]:
    """Sorts ids by their day and its number."""
    day, number, _ = task_id.split("_")
    return day, int(number)


def day_of(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")


def utc(timestamp: float) -> str:
    """E.g. `2025-12-01T10:00:00Z`."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
