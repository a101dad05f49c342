"""Messages between a joining process and the worker that started it.

The worker sends a `Begin` for each text, then any number of `Append`s, the last of which is marked; `Drop`
abandons the text. Each `Append` is answered, in order, with `Appended`, `Joined` or `Failed`; after a
`Failed` the text must be started again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from voxq.processes.messages import Codec
from voxq.speech.markup import PLAIN, Delivery
from voxq.speech.sentences import Break


@dataclass(frozen=True, slots=True)
class Begin:
    """Create the new file `target` in this format for the following sentences.

    `sample_rate` is that of the sentences, `file_rate` that of the file (None: the same); `speed` shortens
    the pauses; `comment` is stored in the metadata of the file, where its format has any.
    """

    id: str
    target: Path
    format: str
    sample_rate: int
    file_rate: int | None = None
    speed: float = 1.0
    comment: str = ""
    op: Literal["begin"] = "begin"


@dataclass(frozen=True, slots=True)
class Sound:
    """A spoken sentence: a file with so many samples, raw float32 LE mono, the kind of pause after it, and
    how the text wants it spoken."""

    path: Path
    samples: int
    ending: Break
    delivery: Delivery = PLAIN


@dataclass(frozen=True, slots=True)
class Append:
    """Append the next sentences with their pauses; the last ones complete the file."""

    id: str
    sounds: tuple[Sound, ...]
    is_last: bool
    op: Literal["append"] = "append"


@dataclass(frozen=True, slots=True)
class Drop:
    """Abandon this text."""

    id: str
    op: Literal["drop"] = "drop"


@dataclass(frozen=True, slots=True)
class Appended:
    """The sentences can be read in the file. `times`: [start, end) of each sentence, in seconds."""

    id: str
    times: tuple[tuple[float, float], ...]
    op: Literal["appended"] = "appended"


@dataclass(frozen=True, slots=True)
class Joined:
    """The file is complete. `times` are of the last sentences; `rate` of the file, in Hz; `seconds` were
    spent on all of it."""

    id: str
    times: tuple[tuple[float, float], ...]
    duration: float
    rate: int
    encode_seconds: float
    op: Literal["joined"] = "joined"


@dataclass(frozen=True, slots=True)
class Failed:
    """The text failed. `code` is "audio_unavailable" (the file of a sentence is missing), "storage" or
    "internal"."""

    id: str
    code: str
    message: str
    op: Literal["failed"] = "failed"


Request = Begin | Append | Drop
Reply = Appended | Joined | Failed

CODEC: Codec[Request, Reply] = Codec(Request, Reply)


def is_answer_to(append: Append, reply: Reply) -> bool:
    """Whether a reply can be the answer to these sentences: the times of each, and the end with the last."""
    if reply.id != append.id:
        return False
    return isinstance(reply, Failed) or (
        isinstance(reply, Joined) is append.is_last and len(reply.times) == len(append.sounds)
    )
