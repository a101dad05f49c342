"""Transcripts as QuQu's clients read them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from voxq.api.ququ import optimizing
from voxq.api.ququ.optimizing import Optimized
from voxq.api.views import Document
from voxq.speech.scripts import language_of
from voxq.speech.transcript import Transcript

_REGIONS = {
    "de": "DE",
    "en": "US",
    "es": "ES",
    "fr": "FR",
    "it": "IT",
    "ja": "JP",
    "ko": "KR",
    "ru": "RU",
    "yue": "HK",
    "zh": "CN",
}
"""Region that dictation clients name with a language; any other language goes without one."""
_UNDETERMINED = "und"


class Transcribed(BaseModel):
    """A transcript."""

    success: Literal[True] = Field(description="Always true.")
    text: str = Field(
        examples=["我们周三下午三点开会。"], description="What is said; empty if nobody speaks."
    )
    raw_text: str = Field(
        examples=["我们周三下午三点开会"], description="The text as the model wrote it, without added marks."
    )
    duration: float = Field(examples=[3.2], description="Seconds of the recording.")
    language: str = Field(examples=["zh-CN"], description="Language, as a BCP-47 tag; und if nobody speaks.")


class TranscribedAndOptimized(Transcribed, Optimized):
    """A transcript, and what was made of it. The same is there under the names of both answers, and under
    those of QuQu's own server."""

    asr_result: Transcribed = Field(description="The answer of `POST /api/asr/transcribe`.")
    recognized_text: str = Field(description="As `text`.")
    optimize_mode: str = Field(examples=["optimize"], description="As `mode`.")


def transcribed(transcript: Transcript) -> Transcribed:
    """Make the answer with a transcript."""
    return Transcribed(
        success=True,
        text=transcript.text,
        raw_text=transcript.raw_text,
        duration=round(transcript.duration, 3),
        language=tag_of(transcript),
    )


def optimized(transcript: Transcript, mode: str, document: Document) -> TranscribedAndOptimized:
    """Make the answer with a transcript and what the step after it made of it."""
    plain = transcribed(transcript)
    facts: dict[str, Any] = plain.model_dump() | optimizing.facts(transcript.text, mode, document)
    return TranscribedAndOptimized(
        **facts, asr_result=plain, recognized_text=transcript.text, optimize_mode=mode
    )


def tag_of(transcript: Transcript) -> str:
    """Return the BCP-47 tag of a transcript's language: with a region for the common ones, such as zh-CN,
    and judged by the script where the model reports no language."""
    if not transcript.text:
        return _UNDETERMINED
    code = transcript.language or language_of(transcript.text)
    region = _REGIONS.get(code)
    return f"{code}-{region}" if region else code
