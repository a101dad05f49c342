"""Texts without their markup: stretches of plain text, and how each is to be spoken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from voxq.locale import Message
from voxq.speech.scripts import foreign_words
from voxq.speech.sentences import Break, split
from voxq.speech.written import is_pronounceable, tidy

_UNREAD = Message("The voice does not read this script.")


class MarkupError(Exception):
    """Raised for markup that cannot be obeyed; the message is for the client."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something of a text that is not spoken, and a sentence that says why."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a sentence is spoken, beside its text and the options of its task."""

    before: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Seconds of silence before it."""
    pause: Annotated[float, Field(ge=0, le=600)] | None = None
    """Seconds of silence after it; None: as long as its ending asks for."""
    rate: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    """Speed relative to that of the task."""
    pitch: Annotated[float, Field(ge=-12, le=12)] = 0.0
    """Semitones above the voice's own pitch."""


PLAIN = Delivery()


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text that is spoken in one way, and what comes after it."""

    text: str
    rate: float = 1.0
    pitch: float = 0.0
    ending: Break | None = None
    """Boundary after it; None: the sentence may go on in the next part."""
    pause: float | None = None
    """Seconds of silence after it that the text asks for."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text without its markup."""

    parts: tuple[Part, ...]
    skipped: tuple[Skipped, ...] = ()
    language: str | None = None
    """Language that the markup names."""
    is_directed: bool = False
    """Whether its author says where it rests, and where it does not."""

    @property
    def text(self) -> str:
        """All of the plain text."""
        return "\n".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Utterance:
    """A sentence or a piece of one, as one call of a synthesiser: its text, the boundary after it, and how
    it is spoken."""

    text: str
    ending: Break
    delivery: Delivery = PLAIN
    skipped: tuple[Skipped, ...] = ()
    """What has been left out in it or before it; in the last one, also after it."""
    joint: Literal["", " "] | None = None
    """White space between it and the piece before, if both belong to a sentence that clients know as one."""


def utterances_of(document: Document, languages: tuple[str, ...] = ()) -> list[Utterance]:
    """Split a document into sentences that can be said by a voice that reads the scripts of `languages`
    (empty: any); words in other scripts are left out."""
    said: list[Utterance] = []
    skipped, silence = list(document.skipped), 0.0
    for part in document.parts:
        found = False
        for sentence in split(tidy(part.text)):
            text, words = foreign_words(sentence.text, languages)
            skipped += [Skipped(word, _UNREAD) for word in words]
            if is_pronounceable(text):
                delivery = Delivery(silence, None, part.rate, part.pitch)
                said.append(Utterance(text, sentence.ending, delivery, tuple(skipped)))
                skipped, silence, found = [], 0.0, True
        if said and (found or part.pause is not None or part.ending is not None):
            said[-1] = _ended(said[-1], part)
        elif part.pause:
            silence += part.pause
    if skipped and said:
        said[-1] = replace(said[-1], skipped=(*said[-1].skipped, *skipped))
    return said


def _ended(last: Utterance, part: Part) -> Utterance:
    ending = part.ending or (Break.CLAUSE if part.pause is None else last.ending)
    if part.pause is None:
        return last if last.delivery.pause is not None else replace(last, ending=ending)
    pause = part.pause + (last.delivery.pause or 0.0)
    return replace(last, ending=ending, delivery=replace(last.delivery, pause=pause))
