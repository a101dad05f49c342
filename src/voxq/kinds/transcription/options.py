"""Options of a transcription."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from voxq.core.options import Affects, Mark, Options, SetBy
from voxq.engines.languages import LANGUAGES
from voxq.kinds.hotwords import MAX_HOTWORDS, checked_hotwords, hotwords_of_file
from voxq.kinds.rewritten import LONGEST_PROMPT, ModeName
from voxq.kinds.tracks import AudioTrack
from voxq.locale import Message
from voxq.speech.chinese_script import Script

MOST_SPEAKERS = 8
UNCHANGED = "unchanged"
"""Script of Mandarin text that stays as the model writes it."""


_SPEAKER_COUNT = {"anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1, "maximum": MOST_SPEAKERS}]}


def number_of_speakers(given: object) -> object:
    """Read the option `speakers`: 0 for an unknown number, None for no speakers. Raises ValueError."""
    word = given.strip().lower() if isinstance(given, str) else given
    if word in _SWITCHED_ON or word is True:
        return 0
    if word in _SWITCHED_OFF or word is False:
        return None
    try:
        number = int(word) if isinstance(word, str | int) else 0
    except ValueError:
        number = 0
    if not 1 <= number <= MOST_SPEAKERS:
        raise ValueError(Message("must be true, false, or a number from 1 to {most}", most=MOST_SPEAKERS))
    return number


SpeakerCount = Annotated[int | None, BeforeValidator(number_of_speakers), WithJsonSchema(_SPEAKER_COUNT)]


_SWITCHED_ON, _SWITCHED_OFF = ("true", "yes", "on"), ("", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class TranscriptionOptions(Options):
    """Options of a task that recognises a recording. None stands for the service's default everywhere."""

    model: Annotated[
        str | None,
        Field(description="Name or alias from `GET /api/v1/models`; default: the service's."),
        Mark(affects=Affects.RESULT, flag="--model/-m"),
    ] = None
    """Name of a listed model, never an alias. Affects no batch key: each model has calls of its own
    anyway."""
    language: Annotated[
        str | None,
        Field(
            description="Spoken language, also by its English name (chinese) or with a region (zh-CN); auto "
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
    """ISO 639-1 code; None may also mean that it is detected."""
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
        Field(description="Detail of the times in the result; word: those of every word, too."),
        Mark(field="timestamps", choices=(("segment", False), ("word", True)), openai="", flag="--words"),
    ] = False
    """Whether every word gets its times. Under `/v1`, `timestamp_granularities` asks for them."""
    batch_size: Annotated[
        int | None,
        Field(ge=1, le=3600, description="Maximum seconds of (padded) audio per call of the model."),
        Mark(affects=Affects.RESULT),
    ] = None
    """Limit on the padded seconds of a batch with this task, and so on the length of its chunks."""
    use_vad: Annotated[
        bool,
        Field(description="Leave silence out; false: it goes to the model, too."),
        Mark(affects=Affects.RESULT, flag="--vad/--no-vad"),
    ] = True
    """Where chunks are cut; the content of a chunk means the same to a model either way."""
    audio_track: AudioTrack = None
    separate_channels: Annotated[
        bool,
        Field(
            description="Channels of a stereo recording: mixed, or left and right recognised separately, as "
            "the two speakers of a call."
        ),
        Mark(
            affects=Affects.RESULT,
            field="channels",
            choices=(("mix", False), ("separate", True)),
            flag="--separate",
        ),
    ] = False
    chinese_script: Annotated[
        str | None,
        Field(
            description="Characters of Mandarin text; nothing: by the script or region of `language` (zh-TW, "
            "zh-Hant), else as the service is set up. unchanged: as the model writes them."
        ),
        Mark(affects=Affects.RESULT, wire=Literal[Script, "unchanged"]),
    ] = None
    """Engines get it as the script of a chunk, with the service's in place of None."""
    use_punc: Annotated[
        bool,
        Field(description="Punctuate text that the model leaves without; false: use no other model for it."),
        Mark(flag="--punc/--no-punc"),
    ] = True
    use_itn: Annotated[
        bool | None,
        Field(description="Numbers and dates as digits; nothing: as the model is set up."),
        Mark(flag="--itn/--no-itn"),
    ] = None
    rewrite: Annotated[
        str | None,
        Field(description="What to make of the text besides: a `mode` of texts that are rewritten."),
        Mark(affects=Affects.RESULT, wire=ModeName),
    ] = None
    rewrite_provider: Annotated[
        str | None,
        Field(description="Name of a provider of language models; nothing: the operator's first."),
        Mark(affects=Affects.RESULT),
    ] = None
    rewrite_target: Annotated[
        str | None,
        Field(description="ISO 639-1 code of the language to translate into, with rewrite=translate."),
        Mark(affects=Affects.RESULT),
    ] = None
    rewrite_prompt: Annotated[
        str,
        Field(
            max_length=LONGEST_PROMPT, description="What is to be done with the text, with rewrite=custom."
        ),
        Mark(affects=Affects.RESULT),
    ] = ""
    speakers: Annotated[
        int | None,
        Field(
            description="Tell the speakers apart: true, or their number if it is known (2 to 8). The result "
            "names the speaker of each segment, which ends where the speaker changes.",
            json_schema_extra={"examples": ["true", "2"]},
        ),
        Mark(affects=Affects.RESULT, wire=SpeakerCount),
    ] = None
    """0 if their number is unknown; None: they are not told apart."""
    min_speakers: Annotated[
        int | None,
        Field(ge=1, le=MOST_SPEAKERS, description="Least number of speakers, with speakers=true."),
        Mark(affects=Affects.RESULT),
    ] = None
    max_speakers: Annotated[
        int | None,
        Field(ge=1, le=MOST_SPEAKERS, description="Greatest number of speakers, with speakers=true."),
        Mark(affects=Affects.RESULT),
    ] = None
    translate: Annotated[
        bool,
        Field(description="Translate into English, whatever language is spoken."),
        Mark(set_by=SetBy.SERVICE),
    ] = False
    """Whether to translate, with a model that can; set by the route of translations."""
    detect: Annotated[
        bool,
        Field(description="Detect the language even if the operator has set one."),
        Mark(affects=Affects.RESULT, set_by=SetBy.SERVICE),
    ] = False
    """Whether the language is what is wanted; set by the route that detects languages."""
