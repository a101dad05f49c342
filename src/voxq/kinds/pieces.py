"""The pieces that the input of a task is cut into: what a model takes in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.sentences import Break


class Piece(Protocol):
    """What a chunk is a piece of its task's: from `start` up to `end`, which identify it."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def seconds(self) -> float:
        """How long its sound is, or may become."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk of the decoded sound, in samples."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence of a text; `start` and `end` in characters of all that is said."""

    start: int
    end: int
    text: str
    ending: Break
    seconds: float
