"""Speech: a text into sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from voxq.core.inputs import TEXT, Inline
from voxq.core.options import Affects, Mark, Options
from voxq.core.refusal import Refusal
from voxq.core.task import Task
from voxq.engines.contract import FASTEST, SLOWEST
from voxq.engines.mixtures import MOST_VOICES
from voxq.kinds.base import Kind
from voxq.speech.sentences import spoken_seconds

TextField = Annotated[str, Field(description="What to say.")]
"""Of a request, beside its options."""
Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
"""Those of `voxq.speech.audio.SPEECH_FORMATS`."""
SampleRate = Literal[8000, 16000, 22050, 24000, 44100, 48000]


def no_recording(given: Any) -> Any:
    """A voice is a name. A recording to be imitated, as an address or as bytes, is not that.

    Raises Refusal ("voice_unsupported").
    """
    if isinstance(given, str):
        return given
    raise Refusal("voice_unsupported", "voice must be a name; recordings are not supported", field="voice")


@dataclass(frozen=True, slots=True)
class SpeechOptions(Options):
    """How a text is to be spoken."""

    voice: Annotated[
        str,
        Field(
            description="A name from `GET /api/v1/tts/voices`; nothing: by the text's language. Kokoro's can "
            f"be mixed, up to {MOST_VOICES} of one language, with a weight if it is not 1: "
            "af_heart(2)+af_sky.",
            json_schema_extra={"examples": ["heart"]},
        ),
        Mark(wire=Annotated[str, BeforeValidator(no_recording)], flag="--voice/-v"),
    ] = ""
    """Of an accepted task, always the name of a voice, or of a mixture of several."""
    model: Annotated[
        str | None,
        Field(description="A synthesiser by name or alias; nothing: the one with the voice."),
        Mark(affects=Affects.RESULT),
    ] = None
    """Each model has calls of its own anyway."""
    language: Annotated[
        str | None,
        Field(
            description="ISO 639-1 code or English name, or auto: told by the script. Of words in Latin "
            "letters, too."
        ),
        Mark(flag="--language/-l"),
    ] = None
    """Of words in Latin letters; None: the voice's own."""
    speed: Annotated[
        float, Field(ge=SLOWEST, le=FASTEST, description="2 is twice as fast, at the same pitch.")
    ] = 1.0
    format: Annotated[
        str,
        Field(description="Of the audio file."),
        Mark(affects=Affects.RESULT, wire=Format, openai="response_format", flag="--format/-f"),
    ] = "wav"
    sample_rate: Annotated[
        int | None,
        Field(description="Of the audio file, in Hz; nothing: the voice's own. Opus knows some only."),
        Mark(affects=Affects.RESULT, wire=SampleRate),
    ] = None
    normalise: Annotated[
        bool,
        Field(description="Write out figures and addresses before reading; false: as the voice reads them."),
    ] = True


class _Speech(Kind):
    def output_extension(self, options: Options) -> str:
        assert isinstance(options, SpeechOptions)
        return options.format

    def expected_seconds(self, text: str, options: Options) -> float:
        assert isinstance(options, SpeechOptions)
        return round(spoken_seconds(text) / options.speed, 3)

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


def text_of(task: Task) -> str:
    """What a task of this kind is to say, as the client gave it."""
    text = task.inputs[TEXT]
    assert isinstance(text, Inline)
    return text.text
