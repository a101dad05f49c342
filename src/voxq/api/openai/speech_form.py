"""A request for speech as OpenAI's SDKs send it, and this service's own options beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from voxq.api.openai import voices
from voxq.api.submission import speech_options
from voxq.api.submission.speech_options import (
    Format,
    HowToSpeak,
    Language,
    Normalise,
    SampleRate,
    Speed,
    Wishes,
)
from voxq.core.refusal import Refusal
from voxq.core.task import Priority
from voxq.engines.languages import code_of
from voxq.engines.voices import Speaker
from voxq.kinds.speech import SpeechOptions
from voxq.model_store import aliases
from voxq.speech.scripts import language_of

_PCM_RATE = 24_000
"""Of raw samples at OpenAI, whose clients play them at that rate: there is no header to tell another."""


class SpeechRequest(Wishes):
    """What is to be said, and how. Other fields are ignored."""

    input: str = Field(description="What to say; of at most MAX_TEXT_CHARACTERS.")
    model: str = Field(
        "tts-1",
        description="A synthesiser by name, such as hibari or kokoro. OpenAI's names mean the best there is.",
    )
    voice: Any = Field(
        None,
        description="A name from `GET /api/v1/tts/voices`, or one of OpenAI's, which stands for a voice of "
        'its gender in the language of the text; also as {"id": name}. Nothing: by the language of the text. '
        "Voices made from a recording do not exist yet.",
        json_schema_extra={
            "anyOf": [
                {"type": "string", "examples": ["alloy"]},
                {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
            ]
        },
    )
    instructions: str = Field("", description="Has no effect: no voice here can be told how to speak.")
    response_format: Format = Field("mp3", description="pcm: 16 bits, mono, 24 kHz, without a header.")
    speed: Speed = 1.0
    stream_format: Literal["audio", "sse"] = Field(
        "audio",
        description="The sound itself, or server-sent events with pieces of it. Both while it is made.",
    )
    language: Language = None
    sample_rate: SampleRate | None = Field(
        None, description="In Hz; nothing: the voice's own, and 24000 for pcm. Opus knows some only."
    )
    normalise: Normalise = True
    priority: Priority = Field(
        Priority.HIGH, description="high overtakes everything that waits; low lets everything else pass."
    )
    cache: bool = Field(True, description="false: speak it anew, even if this key has asked for it before.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asks for."""

    options: SpeechOptions
    priority: Priority
    cache: bool
    """Whether an earlier task may answer."""
    as_events: bool


def wanted(asked: SpeechRequest, speakers: Sequence[Speaker], longest: int) -> Wanted:
    """`longest`: characters that a text may have. Takes a moment for a long text.

    Raises Refusal ("model_not_found", with the names there are; as `speech_options.tts_options`).
    """
    able = _of_model(asked.model, speakers)
    how = HowToSpeak(
        voice=_voice(asked, able),
        model=None,  # the voice is one of the model's
        language=asked.language,
        speed=asked.speed,
        format=asked.response_format,
        sample_rate=asked.sample_rate or (_PCM_RATE if asked.response_format == "pcm" else None),
        normalise=asked.normalise,
        priority=asked.priority,
        callback=None,
    )
    try:
        options = speech_options.tts_options(asked.input, how, able, longest)
    except Refusal as refusal:
        raise _in_openais_words(refusal) from None
    return Wanted(options, asked.priority, asked.cache, as_events=asked.stream_format == "sse")


def _of_model(name: str, speakers: Sequence[Speaker]) -> Sequence[Speaker]:
    """Those of every model that the name can stand for, the voices of the best such model first."""
    models = list(dict.fromkeys(speaker.engine for speaker in speakers))
    best = aliases.resolve(name, models)
    if best is None:
        raise Refusal("model_not_found", "No such model speaks here", models=models)
    able = [speaker for speaker in speakers if aliases.resolve(name, [speaker.engine])]
    return sorted(able, key=lambda speaker: speaker.engine != best)


def _voice(asked: SpeechRequest, speakers: Sequence[Speaker]) -> Any:
    """A voice of ours where one of OpenAI's is meant, anything else as it came."""
    given = asked.voice
    if isinstance(given, dict) and given.keys() == {"id"}:
        given = given["id"]
    name = given.strip().lower() if isinstance(given, str) else None
    if name not in voices.NAMES:
        return given
    language = code_of(asked.language or "")
    spoken = language_of(asked.input) if language in ("", "auto") else language
    return voices.speaker_for(name, speakers, spoken)


def _in_openais_words(refusal: Refusal) -> Refusal:
    """The fields of a native request have other names."""
    field = {"text": "input", "format": "response_format"}.get(refusal.details.get("field", ""))
    details = refusal.details | ({"field": field} if field else {})
    return Refusal(refusal.code, refusal.message, **details)
