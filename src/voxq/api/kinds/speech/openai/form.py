"""Request for speech as OpenAI's SDKs send it, extended by this service's own options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from voxq.api.kinds.speech import options as speech_options
from voxq.api.kinds.speech.openai import voices
from voxq.core.refusal import Refusal
from voxq.core.request_reader import Asked, RequestReader
from voxq.core.task import Priority
from voxq.engines.languages import code_of
from voxq.engines.voices import Speaker
from voxq.kinds.speech import SpeechOptions, TextField, no_recording
from voxq.locale import Message
from voxq.model_store import aliases
from voxq.speech.scripts import language_read_in

_PCM_RATE = 24_000
"""Sample rate of raw samples at OpenAI, which clients assume because there is no header."""


def _name_or_id(given: Any) -> Any:
    """Read a voice: its name, or {"id": name}. Raises Refusal ("voice_unsupported")."""
    return no_recording(given["id"] if isinstance(given, dict) and given.keys() == {"id"} else given)


SPOKEN = RequestReader(
    SpeechOptions,
    openai=True,
    defaults={"model": "tts-1", "format": "mp3", "priority": Priority.HIGH, "cache": True},
    types={
        "voice": Annotated[
            str,
            BeforeValidator(_name_or_id),
            WithJsonSchema(
                {
                    "anyOf": [
                        {"type": "string", "examples": ["alloy"]},
                        {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
                    ]
                },
            ),
            Field(
                description="A name from `GET /api/v1/tts/voices`, or one of OpenAI's, which stands for a "
                'voice of its gender in the language of the text; also as {"id": name}. Chosen by '
                "the language of the text by default. Voices made from a recording do not exist yet."
            ),
        ]
    },
    besides={
        "input": TextField,
        "instructions": (
            str,
            Field("", description="Has no effect: no voice here follows instructions."),
        ),
        "stream_format": (
            Literal["audio", "sse"],
            Field(
                "audio",
                description="Audio, or server-sent events with pieces of it. Both are sent during synthesis.",
            ),
        ),
    },
)
"""Body of OpenAI's request, with this service's own options."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parsed request."""

    text: str
    options: SpeechOptions
    priority: Priority
    cache: bool
    """Whether an earlier task may answer."""
    as_events: bool


def wanted(asked: Asked[SpeechOptions], speakers: Sequence[Speaker], longest: int) -> Wanted:
    """Check the request. `longest`: maximum characters of the text. Takes a moment for a long text.

    Raises Refusal ("model_not_found", with the available names; as `speech_options.for_speakers`).
    """
    text, given = asked.besides["input"], asked.options
    able = _of_model(given.model or "", speakers)
    as_raw = _PCM_RATE if given.format == "pcm" else None
    how = replace(
        given,
        voice=_voice(text, given, able),
        model=None,  # the voice decides which of the models it is
        sample_rate=given.sample_rate or as_raw,
    )
    try:
        options = speech_options.for_speakers(text, how, able, longest)
    except Refusal as refusal:
        raise _in_openais_words(refusal) from None
    as_events = asked.besides["stream_format"] == "sse"
    return Wanted(text, options, asked.submission.priority, asked.submission.cache, as_events)


def _of_model(name: str, speakers: Sequence[Speaker]) -> Sequence[Speaker]:
    """Return the speakers of all models that the name can stand for, those of the best such model first."""
    models = list(dict.fromkeys(speaker.model for speaker in speakers))
    best = aliases.resolve(name, models)
    if best is None:
        raise Refusal("model_not_found", Message("There is no such model for speech here"), models=models)
    able = [speaker for speaker in speakers if aliases.resolve(name, [speaker.model])]
    return sorted(able, key=lambda speaker: speaker.model != best)


def _voice(text: str, asked: SpeechOptions, speakers: Sequence[Speaker]) -> str:
    """Map one of OpenAI's voices to a local one; leave any other name as it is."""
    name = asked.voice.strip().lower()
    if name not in voices.NAMES:
        return asked.voice
    language = code_of(asked.language or "")
    spoken = language_read_in(text, "en") if language in ("", "auto") else language
    return voices.speaker_for(name, speakers, spoken) or ""


def _in_openais_words(refusal: Refusal) -> Refusal:
    """Translate the field names of a refusal: the fields of a native request have other names."""
    field = str(refusal.details.get("field"))
    options = SpeechOptions.declared()
    names = {"text": "input"} | {name: option.openai for name, option in options.items()}
    details = refusal.details | ({"field": names[field]} if field in names else {})
    return Refusal(refusal.code, refusal.message, **details)
