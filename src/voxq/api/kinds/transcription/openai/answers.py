"""Transcripts as response bodies, in the requested format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from voxq.api.kinds.transcription.openai.form import Granularity, Wanted
from voxq.engines.languages import name_of
from voxq.speech.subtitles import Format, render
from voxq.speech.transcript import Transcript
from voxq.speech.verbose import diarized, dropped_of, verbose


def answer(transcript: Transcript, wanted: Wanted, rewritten: Mapping[str, Any] | None = None) -> Response:
    """Make a response with JSON or plain text: for text formats, SDKs return the raw body to their users.

    `rewritten` is what became of the text, see `voxq.api.views.rewritten_json`; JSON has it, too.
    """
    more = rewritten or {}
    match wanted.format:
        case Format.JSON:
            return _json({"text": transcript.text, **_told(transcript), **more, **_usage(transcript, wanted)})
        case Format.VERBOSE_JSON:
            return _json({**_verbose(transcript, wanted), **more})
        case Format.DIARIZED_JSON:
            return _json({**diarized(transcript), **more, **_usage(transcript, wanted)})
        case Format.TEXT | Format.SRT | Format.VTT | Format.RTTM:
            return Response(render(transcript, wanted.format), media_type="text/plain; charset=utf-8")


def _verbose(transcript: Transcript, wanted: Wanted) -> dict[str, Any]:
    is_translation = wanted.options.translate
    shape = verbose(
        transcript,
        task="translate" if is_translation else "transcribe",
        language="english" if is_translation else name_of(transcript.language),
        segments=Granularity.SEGMENT in wanted.granularities,
        words=Granularity.WORD in wanted.granularities,
    )
    return shape | _usage(transcript, wanted)


def _told(transcript: Transcript) -> dict[str, Any]:
    """Return what a text alone would not say: that there was no speech, and what was taken out."""
    told: dict[str, Any] = {} if transcript.text else {"no_speech": True}
    return told | {"dropped": dropped_of(transcript)} if transcript.dropped else told


def _usage(transcript: Transcript, wanted: Wanted) -> dict[str, Any]:
    """Return the usage object; None for a translation."""
    if wanted.options.translate:
        return {}
    return {"usage": {"type": "duration", "seconds": round(transcript.duration, 3)}}


def _json(content: dict[str, Any]) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), media_type="application/json")
