"""Transcripts and languages as whisper-asr-webservice answers them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from fastapi import Response
from pydantic import BaseModel, Field

from voxq.api.kinds.transcription.webservice.query import Output
from voxq.engines.languages import name_of
from voxq.speech.subtitles import Format, render
from voxq.speech.transcript import Segment, Transcript
from voxq.speech.verbose import verbose

_UNDETERMINED = "und"
"""Code of no language, which Bazarr knows."""


class Detected(BaseModel):
    """Language of a recording."""

    detected_language: str = Field(examples=["english"], description="English name; or unknown.")
    language_code: str = Field(examples=["en"], description="ISO 639-1 code; und if nobody speaks.")
    confidence: float = Field(ge=0, le=1, description="Share of the speech that is in this language.")


def answer(transcript: Transcript, output: Output, *, task: str, headers: dict[str, str]) -> Response:
    """Make a response in the format `output`; `task` is "transcribe" or "translate"."""
    name = {"Content-Disposition": f'attachment; filename="transcript.{output}"'}
    kind = "application/json" if output is Output.JSON else "text/plain; charset=utf-8"
    return Response(_text(transcript, output, task), media_type=kind, headers={**headers, **name})


def detected(transcript: Transcript) -> Detected:
    """Return the language of what is said in a transcript."""
    language = transcript.language
    if language is None or not transcript.segments:
        return Detected(detected_language="unknown", language_code=_UNDETERMINED, confidence=0.0)
    spoken = _seconds(transcript.segments)
    within = _seconds(each for each in transcript.segments if each.language in (None, language))
    share = within / spoken if spoken else 1.0
    return Detected(detected_language=name_of(language), language_code=language, confidence=round(share, 3))


def _text(transcript: Transcript, output: Output, task: str) -> str:
    match output:
        case Output.SRT:
            return render(transcript, Format.SRT)
        case Output.VTT:
            return render(transcript, Format.VTT)
        case Output.TXT:
            return "".join(f"{_line(segment)}\n" for segment in transcript.segments)
        case Output.TSV:
            rows = (f"{_ms(s.start)}\t{_ms(s.end)}\t{_line(s)}\n" for s in transcript.segments)
            return "".join(("start\tend\ttext\n", *rows))
        case Output.JSON:
            return json.dumps(_json(transcript, task), ensure_ascii=False)


def _json(transcript: Transcript, task: str) -> dict[str, Any]:
    """Convert a transcript to Whisper's own JSON: words lie within their segments, and the language is a
    code."""
    language = transcript.language or _UNDETERMINED
    shape = verbose(transcript, task=task, language=language, segments=True, words=False)
    for converted, segment in zip(shape["segments"], transcript.segments, strict=True):
        if segment.words:
            converted["words"] = [
                {"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
                for word in segment.words
            ]
    return shape


def _line(segment: Segment) -> str:
    return " ".join(segment.text.split())


def _ms(seconds: float) -> int:
    return round(1000 * seconds)


def _seconds(segments: Iterable[Segment]) -> float:
    return sum(segment.end - segment.start for segment in segments)
