"""Transcription: a recording into text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from voxq.core.inputs import AUDIO, Blob
from voxq.core.options import Affects, Mark, Options, SetBy
from voxq.core.task import Task
from voxq.engines.languages import LANGUAGES
from voxq.kinds.base import Kind
from voxq.kinds.hotwords import MAX_HOTWORDS, checked_hotwords, hotwords_of_file


@dataclass(frozen=True, slots=True)
class TranscriptionOptions(Options):
    """How a recording is to be recognised. None everywhere means "as the service is set up"."""

    model: Annotated[
        str | None,
        Field(description="A name or alias from `GET /api/v1/models`; nothing: the service's default."),
        Mark(affects=Affects.RESULT, flag="--model/-m"),
    ] = None
    """Name of an offered model, never an alias. Each model has calls of its own anyway."""
    language: Annotated[
        str | None,
        Field(
            description="What is spoken, also by its English name (chinese) or with a region (zh-CN); auto "
            "or nothing: as the service is set up, usually detected. A model may know fewer.",
            json_schema_extra={"enum": ["auto", *LANGUAGES]},
        ),
        Mark(
            set_by=SetBy.CLIENT | SetBy.OPERATOR,
            setting="asr_language",
            from_setting=lambda language: None if language == "auto" else language,
            flag="--language/-l",
        ),
    ] = None
    """ISO 639-1 code; None may also mean "detect it"."""
    hotwords: Annotated[
        tuple[str, ...],
        Field(description=f"Up to {MAX_HOTWORDS} words to listen for, between commas or spaces."),
        Mark(
            wire=Annotated[tuple[str, ...], BeforeValidator(checked_hotwords)],
            set_by=SetBy.CLIENT | SetBy.OPERATOR,
            setting="hotwords_path",
            from_setting=hotwords_of_file,
        ),
    ] = ()
    words: Annotated[
        bool,
        Field(description="How fine the times in the result are; word: that of every word, too."),
        Mark(field="timestamps", choices=(("segment", False), ("word", True)), openai="", flag="--words"),
    ] = False
    """Whether every word gets its times. Under `/v1`, `timestamp_granularities` says it."""
    batch_size: Annotated[
        int | None,
        Field(ge=1, le=3600, description="Seconds of (padded) audio that the model gets at once, at most."),
        Mark(affects=Affects.RESULT),
    ] = None
    """Caps the padded seconds of a batch that this task shares, and so the length of its chunks."""
    use_vad: Annotated[
        bool,
        Field(description="Leave silence out; false: it goes to the model, too."),
        Mark(affects=Affects.RESULT, flag="--vad/--no-vad"),
    ] = True
    """Where chunks are cut; what is in one is the same to a model either way."""
    use_punc: Annotated[
        bool,
        Field(description="Punctuate where the model does not; false: it gets no help from another model."),
        Mark(flag="--punc/--no-punc"),
    ] = True
    use_itn: Annotated[
        bool | None,
        Field(description="Numbers and dates as digits; nothing: as the model is set up."),
        Mark(flag="--itn/--no-itn"),
    ] = None
    translate: Annotated[
        bool,
        Field(description="Whether the text is to be English, whatever is spoken."),
        Mark(set_by=SetBy.SERVICE),
    ] = False
    """Only of a model that can: asked for by the route of translations."""


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


def recording_of(task: Task) -> Blob:
    """What a task of this kind is to recognise."""
    recording = task.inputs[AUDIO]
    assert isinstance(recording, Blob)
    return recording
