"""A task: the request of a client, as an immutable value."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Self

from pydantic import Field, TypeAdapter

from voxq.core import kinds
from voxq.core.inputs import AUDIO, TEXT, Blob, Inline, Inputs, sha256_of
from voxq.core.kinds import KindOfTask
from voxq.core.options import Options

SCHEMA = 2
"""Schema of the records that this version writes. In schema 1 the text to be spoken was one of the options,
and `file` was either the recording that came or the speech to be made."""

Seconds = Annotated[float, Field(ge=0, le=1e9)]
Timestamp = Annotated[float, Field(ge=0, lt=253_402_300_800)]
"""Seconds since the epoch, UTC, up to the year 9999."""

_ALPHABET = string.ascii_lowercase + string.digits
_RANDOM_LENGTH = 12  # 62 bits: ids are unguessable and never collide
_TASK_ID = re.compile(r"\d{4}-\d{2}-\d{2}_\d{3,9}_(?P<short>[a-z0-9]{6,32})", re.ASCII)
_SHORT_ID = re.compile(r"[a-z0-9]{6,32}", re.ASCII)


class Status(StrEnum):
    """State of a task."""

    QUEUED = "queued"  # accepted, waiting in a lane
    PROCESSING = "processing"  # admitted by a worker
    DONE = "done"  # has its result
    FAILED = "failed"  # has an error with a code; can be retried while what it is made from is there
    CANCELLED = "cancelled"  # withdrawn by its owner

    @property
    def is_terminal(self) -> bool:
        return self in (Status.DONE, Status.FAILED, Status.CANCELLED)


class Lane(StrEnum):
    """Queue that a task waits in, best first."""

    HIGH = "high"  # asked for with priority=high
    SHORT = "short"  # voice notes: the normal lane
    LONG = "long"  # long or unknown duration, or priority=low


class Priority(StrEnum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


def choose_lane(priority: Priority, duration: float | None, long_seconds: float) -> Lane:
    """Return the lane of `duration` seconds of sound, recorded or to be spoken; an unknown duration counts as
    long."""
    if priority is Priority.HIGH:
        return Lane.HIGH
    if priority is Priority.LOW or duration is None or duration > long_seconds:
        return Lane.LONG
    return Lane.SHORT


@dataclass(frozen=True, slots=True)
class Task:
    """One request of a client. One task is one RQ job with the same id."""

    id: str
    kind: str
    """Name of a registered kind, see `voxq.core.kinds`; also the prefix of the task's Redis keys."""
    owner: str
    lane: Lane
    inputs: Annotated[Inputs, Field(min_length=1)]
    """Inputs that it is made from."""
    outputs: Mapping[str, str]
    """Stored names of the files that it makes, by role; they exist when it is done."""
    duration: Seconds | None
    """Probed seconds, None when the container does not state them; for a text, the expected seconds of
    speech."""
    created_at: Timestamp
    """Time of submission."""
    accepted_at: Timestamp
    """Time at which this run was accepted; later than `created_at` after a retry."""
    options: Options
    run: Annotated[int, Field(ge=1)] = 1
    """Number of the run, which each retry by the client increments: (id, run) ends exactly once."""
    idempotency: str | None = None
    """The client's Idempotency-Key, hashed together with its owner."""
    callback: str | None = None
    """Name of the registered webhook that is notified of the end of each run."""
    step: str | None = None
    """Name of the only step that this run does again, on top of the result of the run before; None: all
    steps."""
    schema: int = SCHEMA

    def evolve(self, **changes: Any) -> Self:
        return replace(self, **changes)

    @property
    def short_id(self) -> str:
        return short_id(self.id)

    @property
    def file(self) -> str:
        """Stored name by which clients know it: that of the file that it makes, else of the file that came. A
        task without files has a name all the same, which leads from its short id to its id."""
        names = (*self.outputs.values(), *self.uploads)
        return names[0] if names else f"{self.id}.txt"

    @property
    def uploads(self) -> tuple[str, ...]:
        """Stored names of its inputs that are files."""
        return tuple(each.name for each in self.inputs.values() if isinstance(each, Blob))

    @property
    def files(self) -> tuple[str, ...]:
        """Stored names of all files that it is made from and that it makes."""
        return (*self.uploads, *self.outputs.values())

    @property
    def size(self) -> int:
        """Bytes of its inputs."""
        return sum(each.size for each in self.inputs.values())

    @property
    def sha256(self) -> str:
        """Digest of its inputs, see `sha256_of`."""
        return sha256_of(self.inputs)

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
        """Seconds that it counts for in the queue: its own, but at least one. Otherwise the queue's limit
        would admit millions of recordings of a millisecond, each with its files and its place in Redis."""
        return max(1.0, self.seconds)

    def to_json(self) -> dict[str, Any]:
        inputs = {role: shallow_dict(each) for role, each in self.inputs.items()}
        outputs = dict(self.outputs)
        return shallow_dict(self) | {"inputs": inputs, "outputs": outputs, "options": self.options.values()}

    @classmethod
    def from_json(cls, data: object) -> Task:
        """Read a record of this or an earlier version; unknown fields are ignored.

        Raises ValueError when the record cannot be a task.
        """
        if not isinstance(data, dict) or not isinstance(data.get("options", {}), dict):
            raise ValueError("not a task with options")
        kind = kinds.find(data.get("kind"))
        record = data if "inputs" in data else _from_schema_1(kind, data)
        options = kind.read_options(record.get("options", {}))
        task = _adapter().validate_python({**record, "options": options})
        if not is_task_id(task.id) or any(name.partition(".")[0] != task.id for name in task.files):
            raise ValueError("not a task id with files of its own")
        if not kind.is_made_from(task.inputs) or not kind.makes(task.outputs):
            raise ValueError("not with what a task of its kind is made from, or makes")
        return task


@cache
def _adapter() -> TypeAdapter[Task]:
    return TypeAdapter(Task)


def shallow_dict(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass by name, for records that may be large: unlike `dataclasses.asdict`,
    this copies none of their values."""
    return {name: getattr(value, name) for name in _field_names(type(value))}


@cache
def _field_names(of: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(of))


def _from_schema_1(kind: KindOfTask, data: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a record of schema 1 to schema 2; missing or wrong fields show when it is read."""
    of_file = ("file", "mime", "size", "audio_sha256")
    file, mime, size, sha256 = map(data.get, of_file)
    rest = {name: value for name, value in data.items() if name not in of_file} | {"schema": SCHEMA}
    options = dict(data.get("options", {}))
    text = {"text": options.pop("text", None)}
    if kind.is_made_from({TEXT: Inline("")}):
        return rest | {"options": options, "inputs": {TEXT: text}, "outputs": {AUDIO: file}}
    recording = {"name": file, "mime": mime, "size": size, "sha256": sha256}
    return rest | {"options": options, "inputs": {AUDIO: recording}, "outputs": {}}


def new_task_id(now: float, number: int) -> str:
    """Create an id such as `2025-12-01_001_k3v9qz0b1x2y`: the UTC day, the day's number, and a random
    part."""
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
    """Return the random part of an id, which names a task in URLs and logs."""
    return task_id.rpartition("_")[2]


def age_order(task_id: str) -> tuple[str, int]:
    """Key that sorts ids by their day and its number."""
    day, number, _ = task_id.split("_")
    return day, int(number)


def day_of(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")


def utc(timestamp: float) -> str:
    """Format seconds since the epoch, e.g. as `2025-12-01T10:00:00Z`."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
