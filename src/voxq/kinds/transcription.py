"""Transcription: a recording into text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from voxq.core.options import Affects, Mark, Options
from voxq.core.task import Task
from voxq.kinds.base import Kind


@dataclass(frozen=True, slots=True)
class TranscriptionOptions(Options):
    """How a recording is to be recognised. None everywhere means "as the service is set up"."""

    model: Annotated[
        str | None,
        Field(description="A name or alias from `GET /api/v1/models`; nothing: the service's default."),
        Mark(setting="asr_model", flag="--model/-m"),
    ] = None
    """Name of an offered model, never an alias."""
    language: Annotated[
        str | None,
        Field(
            description="What is spoken, also by its English name (chinese) or with a region (zh-CN); auto "
            "or nothing: as the service is set up, usually detected. A model may know fewer."
        ),
        Mark(setting="asr_language", flag="--language/-l"),
    ] = None
    """ISO 639-1 code; None may also mean "detect it"."""
    hotwords: Annotated[
        tuple[str, ...],
        Field(description="Words to listen for, between commas or spaces."),
    ] = ()
    words: Annotated[bool, Field(description="Whether every word gets its times.")] = False
    batch_size: Annotated[
        int | None,
        Field(ge=1, le=3600, description="Seconds of (padded) audio that the model gets at once, at most."),
        Mark(affects=Affects.RESULT),
    ] = None
    """Caps the padded seconds of a batch that this task shares, and so the length of its chunks."""
    use_vad: Annotated[bool, Field(description="false: the silence goes to the model, too.")] = True
    use_punc: Annotated[
        bool, Field(description="false: a model without punctuation of its own gets none from another.")
    ] = True
    use_itn: Annotated[
        bool | None, Field(description="Numbers and dates as digits; nothing: as the model is set up.")
    ] = None
    translate: Annotated[
        bool, Field(description="Whether the text is to be English, whatever is spoken.")
    ] = False
    """Only of a model that can."""


TRANSCRIPTION = Kind(
    name="asr",
    options=TranscriptionOptions,
    noun="recording",
    capability="recognise",
    preparation="Decoding",
    preparer="decoder",
    queue_setting="rq_queue_name",
    takes_recording=True,
)


def options_of(task: Task) -> TranscriptionOptions:
    """The options of a task of this kind."""
    assert isinstance(task.options, TranscriptionOptions)
    return task.options
