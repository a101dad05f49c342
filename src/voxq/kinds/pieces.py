"""Pieces that the input of a task is cut into; a model takes one of them per chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.markup import PLAIN, Delivery, Skipped
from voxq.speech.sentences import Break


class Piece(Protocol):
    """Piece of a task's input, from `start` up to `end`, which identify it."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def seconds(self) -> float:
        """Length of its sound, expected if there is none yet."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """Chunk of the decoded sound, in samples, or a piece of one."""

    start: int
    end: int
    is_part: bool = False
    """Whether it had better be recognised together with the piece before it."""

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Passage:
    """Part of a text that is to be rewritten; `start` and `end` in characters of the whole text."""

    start: int
    end: int
    text: str
    seconds: float
    """How long it would take to read it out."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Sentence of a text, or piece of one; `start` and `end` in characters of the whole text that is
    spoken."""

    start: int
    end: int
    text: str
    ending: Break
    seconds: float
    delivery: Delivery = PLAIN
    skipped: tuple[Skipped, ...] = ()
    """What of the text beside it is not spoken."""
    joint: str | None = None
    """White space between it and the phrase before, with which it makes one sentence; None: it begins one."""
