"""Speech: a text into sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from voxq.core.options import Affects, Mark, Options
from voxq.core.task import Task
from voxq.kinds.base import InlineInput, Kind
from voxq.speech.audio import SPEECH_FORMATS
from voxq.speech.sentences import spoken_seconds


@dataclass(frozen=True, slots=True)
class SpeechOptions(Options):
    """What is to be spoken, and how."""

    text: Annotated[str, Field(description="What to say."), Mark(affects=Affects.RESULT)]
    """As the client gave it."""
    voice: Annotated[str, Field(description="Name of a voice, or of a mixture of several.")]
    model: Annotated[str | None, Field(description="Name of an offered synthesiser.")] = None
    language: Annotated[
        str | None, Field(description="ISO 639-1 code of words in Latin letters; nothing: the voice's own.")
    ] = None
    speed: Annotated[float, Field(ge=0.25, le=4, description="2 is twice as fast, at the same pitch.")] = 1.0
    format: Annotated[str, Field(description="Of the audio file."), Mark(affects=Affects.RESULT)] = "wav"
    """One of `voxq.speech.audio.SPEECH_FORMATS`."""
    sample_rate: Annotated[
        int | None,
        Field(description="Of the audio file, in Hz; nothing: the voice's own."),
        Mark(affects=Affects.RESULT),
    ] = None
    normalise: Annotated[
        bool, Field(description="Whether numbers and dates are written out before they are read.")
    ] = True


class _Speech(Kind):
    def inline_input(self, options: Options) -> InlineInput:
        assert isinstance(options, SpeechOptions)
        return InlineInput(
            options.text,
            extension=options.format,
            mime=SPEECH_FORMATS[options.format],
            seconds=round(spoken_seconds(options.text) / options.speed, 3),
        )

    def shown(self, options: Options) -> dict[str, Any]:
        assert isinstance(options, SpeechOptions)
        return {"voice": options.voice, "format": options.format, "speed": options.speed}


SPEECH = _Speech(
    name="tts",
    options=SpeechOptions,
    noun="text",
    capability="speak",
    preparation="Text processing",
    preparer="text processor",
    queue_setting="tts_queue_name",
    makes_file=True,
)


def options_of(task: Task) -> SpeechOptions:
    """The options of a task of this kind."""
    assert isinstance(task.options, SpeechOptions)
    return task.options
