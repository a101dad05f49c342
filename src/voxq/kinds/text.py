"""Text: cleans up, formats, punctuates, summarises or translates a text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from voxq.core.inputs import TEXT, Inline
from voxq.core.options import Affects, Mark, Options, SetBy
from voxq.core.task import Task
from voxq.kinds import rewritten
from voxq.kinds.base import Kind, StepSpec
from voxq.kinds.pieces import Passage
from voxq.kinds.rewritten import LONGEST_PROMPT, REWRITE, ModeName, RewriteStep
from voxq.kinds.steps import RunInSteps
from voxq.kinds.work import Joined, KindRun, Work
from voxq.locale import Message
from voxq.rewriting.request import Mode, Timed
from voxq.speech.sentences import spoken_seconds

_OF_ITEMS = ("mode", "language", "target", "prompt", "segments", "stream")
"""Options that the engine is told."""


@dataclass(frozen=True, slots=True)
class TextOptions(Options):
    """Options of a task that rewrites a text."""

    mode: Annotated[
        str,
        Field(
            description="light: leave out hesitations and repetitions, by rules alone; optimize: slips of "
            "the tongue, too; format: as one writes; punctuate: nothing but marks; summary; translate: into "
            "`target`; custom: as `prompt` says. All but light need a language model of the operator's."
        ),
        Mark(wire=ModeName, flag="--mode/-m"),
    ] = Mode.LIGHT.value
    provider: Annotated[
        str | None,
        Field(description="Name of a provider of language models; nothing: the operator's first."),
        Mark(affects=Affects.RESULT),
    ] = None
    """Name of a model that rewrites. Affects no batch key: each has calls of its own anyway."""
    language: Annotated[
        str | None,
        Field(description="ISO 639-1 code of the text's language; nothing: judged by its script."),
        Mark(flag="--language/-l"),
    ] = None
    target: Annotated[
        str | None,
        Field(description="ISO 639-1 code of the language to translate into."),
    ] = None
    prompt: Annotated[
        str,
        Field(max_length=LONGEST_PROMPT, description="What is to be done with the text in the mode custom."),
    ] = ""
    stream: Annotated[
        bool,
        Field(
            description="Show in `draft` of the result and its events what the language model is writing: "
            "whole sentences that the text says, before all of it is checked. Not in the modes translate and "
            "custom."
        ),
        Mark(affects=Affects.NOTHING, flag=""),
    ] = False
    segments: Annotated[
        tuple[Timed, ...],
        Field(description="Segments of the transcript that the text is."),
        Mark(set_by=SetBy.SERVICE),
    ] = ()
    """Segments of the transcript with their times, for a summary that cites them."""


class _Text(Kind):
    def expected_seconds(self, text: str, options: Options) -> float:
        return round(spoken_seconds(text), 3)

    def shown(self, options: Options) -> dict[str, Any]:
        assert isinstance(options, TextOptions)
        return {"mode": options.mode}

    def model_name(self, step: str, options: Options) -> str | None:
        assert isinstance(options, TextOptions)
        return rewritten.model_for(Mode(options.mode), options.provider)

    def begin(self, work: Work) -> TextRun:
        return TextRun(work)


class TextRun(RunInSteps):
    """Run of a task whose chunks are passages of a text, or the whole of it."""

    needs_preparation = False  # a text is cut into passages in no time

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        assert isinstance(self.asked, TextOptions)
        self._asked = self.asked
        self._rewriting = _Rewriting(self, self.asked)
        self.steps = {REWRITE: self._rewriting}

    def pieces(self) -> Iterable[Passage]:
        return rewritten.passages_of(text_of(self.task), Mode(self._asked.mode))

    @property
    def seconds(self) -> float:
        return self.task.seconds

    @property
    def text(self) -> str:
        return self._rewriting.text

    @property
    def draft(self) -> str:
        return self._rewriting.draft if self._asked.stream else ""

    def duration(self, prepared: Any, joined: Joined | None) -> float:
        return 0.0

    def done(self, duration: float, joined: Joined | None) -> dict[str, Any]:
        result = self._rewriting.result()
        return {
            "text": result["text"],
            "raw_text": text_of(self.task),
            "language": self._asked.language,
            "rewritten": result,
        }


class _Rewriting(RewriteStep):
    def __init__(self, run: KindRun, asked: TextOptions) -> None:
        super().__init__(run)
        self._asked = asked

    def conditions(self, revision: str) -> Sequence[str]:
        return (self.run.condition(revision),)

    @property
    def options(self) -> dict[str, Any]:
        return {name: getattr(self._asked, name) for name in _OF_ITEMS}


TEXT_KIND = _Text(
    name="text",
    options=TextOptions,
    noun=Message("text"),
    steps=(StepSpec(REWRITE, capability="rewrite"),),
    preparation=Message("Text processing"),
    preparer=Message("text processor"),
    routes=("voxq.api.kinds.text.submission", "voxq.api.kinds.text.ququ"),
)


def text_of(task: Task) -> str:
    """Return the text that a task of this kind is to rewrite, as the client gave it."""
    text = task.inputs[TEXT]
    assert isinstance(text, Inline)
    return text.text
