"""Query parameters of whisper-asr-webservice, and the options that they stand for."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from voxq.api.available import AvailableModels
from voxq.api.kinds.transcription import options
from voxq.core.refusal import Refusal, invalid
from voxq.core.request_reader import QUERY_PARAMETER, unknown_field
from voxq.engines.languages import code_of
from voxq.kinds.transcription import TranscriptionOptions
from voxq.locale import Message

LONGEST_CLIP = 600
"""Maximum seconds whose language can be asked for."""
_LATEST = 8 * 24 * 3600


def _lower(given: Any) -> Any:
    return given.strip().lower() if isinstance(given, str) else given


_AnyCase = BeforeValidator(_lower)
"""Accepts a word in any case, as the options of forms do."""


class Job(StrEnum):
    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"


class Output(StrEnum):
    """Formats of a transcript."""

    TXT = "txt"
    VTT = "vtt"
    SRT = "srt"
    TSV = "tsv"
    JSON = "json"


class _Query(BaseModel):
    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        """Treat a blank parameter as absent, as in forms: clients send all that they know."""
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if not isinstance(value, str) or value.strip()}

    encode: bool = Field(
        True,
        description="Whether `audio_file` is a file in any supported format; false: raw samples, signed 16 "
        "bits, little-endian, mono, 16 kHz.",
    )
    video_file: str = Field("", description="Name of the film, as Bazarr may send it. Has no effect.")


class AsrQuery(_Query):
    """Parameters of `/asr`."""

    task: Annotated[Job, _AnyCase] = Field(
        Job.TRANSCRIBE, description="translate: into English, with a model that can."
    )
    language: str = Field("", description="Spoken language, as for `POST /api/v1/asr/submit`.")
    initial_prompt: str = Field(
        "", description="Names and terms between commas are hotwords; whole sentences have no effect."
    )
    word_timestamps: bool = Field(False, description="Whether words get their times, in JSON.")
    output: Annotated[Output, _AnyCase] = Field(Output.TXT, description="Format of the transcript.")
    vad_filter: bool = Field(False, description="Has no effect: silence is always left out.")
    diarize: bool = Field(False, description="true is refused: no model here distinguishes speakers.")
    min_speakers: int | None = Field(None, description="Has no effect.")
    max_speakers: int | None = Field(None, description="Has no effect.")


class DetectQuery(_Query):
    """Parameters of `/detect-language`; subgen knows the last two."""

    detect_lang_offset: Annotated[
        float, Field(ge=0, le=_LATEST, description="Second at which to begin.", allow_inf_nan=False)
    ] = 0
    detect_lang_length: Annotated[
        float, Field(ge=1, le=LONGEST_CLIP, description="Seconds to listen to.", allow_inf_nan=False)
    ] = 30


def check_names(request: Request, query: type[_Query]) -> None:
    """Refuse parameters that do not exist. Raises Refusal ("invalid_option", with the known ones)."""
    for name in request.query_params:
        if name not in query.model_fields:
            raise unknown_field(name, query.model_fields, sort=QUERY_PARAMETER)


def transcription(query: AsrQuery, models: AvailableModels) -> TranscriptionOptions:
    """Return the options of a transcription or translation.

    Clients cannot name a model: it is the default or, if that does not know the language or cannot
    translate, another one that does. Raises Refusal ("invalid_option", with the parameter's name;
    "unsupported_value").
    """
    if query.diarize:
        raise invalid("diarize", Message("needs a model that distinguishes speakers, and there is none here"))
    is_translation = query.task is Job.TRANSLATE
    model = models.translator("") if is_translation else _model_for(query.language, models)
    asked = TranscriptionOptions(
        model=model,
        language=query.language,
        words=query.word_timestamps and query.output is Output.JSON,
        hotwords=options.prompted(query.initial_prompt),
        translate=is_translation,
    )
    return options.for_models(asked, models)


def detection(models: AvailableModels) -> TranscriptionOptions:
    """Return the options of a transcription whose language is wanted. Raises Refusal
    ("unsupported_value")."""
    model = models.detector()
    if model is None:
        raise Refusal("unsupported_value", Message("There is no model here that detects languages"))
    return TranscriptionOptions(model=model, detect=True)


def _model_for(language: str, models: AvailableModels) -> str | None:
    code = code_of(language)
    if code in models.languages_of(models.default):
        return None
    return next((name for name in models.names if code in models.languages_of(name)), None)
