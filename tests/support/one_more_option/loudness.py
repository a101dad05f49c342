"""Declaration of a new option that no other code mentions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from voxq.core.options import Mark, SetBy
from voxq.kinds.speech import SpeechOptions
from voxq.kinds.transcription import TranscriptionOptions


@dataclass(frozen=True, slots=True)
class LouderTranscription(TranscriptionOptions):
    """Transcription options with a loudness."""

    loudness: Annotated[
        int | None,
        Field(ge=1, le=11, description="How loud it is to be heard."),
        Mark(set_by=SetBy.CLIENT | SetBy.OPERATOR, setting="asr_loudness", openai="vendor_loudness"),
    ] = None


@dataclass(frozen=True, slots=True)
class LouderSpeech(SpeechOptions):
    """Speech options with a loudness."""

    loudness: Annotated[
        int | None,
        Field(ge=1, le=11, description="How loud it is to be spoken."),
        Mark(set_by=SetBy.CLIENT | SetBy.OPERATOR, setting="tts_loudness", openai="vendor_loudness"),
    ] = None
