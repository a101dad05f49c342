"""The messages between a joining process and the worker that started it, as values.

For each text there is a `Begin`, then any number of `Append`s, the last of which says so; `Drop` ends it
before. Each `Append` is answered, in order, with `Appended`, `Joined` or `Failed`; after a `Failed` the text
must be begun anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from voxq.processes.messages import Codec
from voxq.speech.sentences import Break


@dataclass(frozen=True, slots=True)
class Begin:
    """Make the new file `target`, of this format, for the sentences to come.

    `sample_rate` of their sounds, `file_rate` of the file (None: the same); `speed` shortens the pauses.
    """

    id: str
    target: Path
    format: str
    sample_rate: int
    file_rate: int | None = None
    speed: float = 1.0
    op: Literal["begin"] = "begin"


@dataclass(frozen=True, slots=True)
class Sound:
    """A spoken sentence, raw float32 LE mono in a file of so many samples, and what follows it."""

    path: Path
    samples: int
    ending: Break


@dataclass(frozen=True, slots=True)
class Append:
    """Put the next sentences, with their pauses, at the end of the file; after the last ones complete it."""

    id: str
    sounds: tuple[Sound, ...]
    is_last: bool
    op: Literal["append"] = "append"


@dataclass(frozen=True, slots=True)
class Drop:
    """Nobody wants this text any more."""

    id: str
    op: Literal["drop"] = "drop"


@dataclass(frozen=True, slots=True)
class Appended:
    """The sentences can be read in the file. `times`: of each sound, [start, end) in seconds."""

    id: str
    times: tuple[tuple[float, float], ...]
    op: Literal["appended"] = "appended"


@dataclass(frozen=True, slots=True)
class Joined:
    """The file is whole. `times` of the last sentences; `rate` of the file, in Hz; seconds for all of it."""

    id: str
    times: tuple[tuple[float, float], ...]
    duration: float
    rate: int
    encode_seconds: float
    op: Literal["joined"] = "joined"


@dataclass(frozen=True, slots=True)
class Failed:
    """`code` is "audio_unavailable" (the file of a sentence is gone), "storage" or "internal"."""

    id: str
    code: str
    message: str
    op: Literal["failed"] = "failed"


Request = Begin | Append | Drop
Reply = Appended | Joined | Failed

CODEC: Codec[Request, Reply] = Codec(Request, Reply)
