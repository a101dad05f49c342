"""OpenAPI descriptions of transcriptions and translations."""

from __future__ import annotations

from typing import Any

from voxq.api.kinds.transcription.openai.form import OWN, Granularity
from voxq.api.openai.documentation import operation
from voxq.api.rendering import Text
from voxq.speech.subtitles import Format


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _texts(description: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": description}


_OWN: dict[str, Any] = OWN.form_schema({})["properties"]
_SPEAKERS = "Refused: speakers are told apart, but not by recordings in the request."
_SHARED: dict[str, Any] = {
    "file": _text(
        "The recording, in any supported format; the format is detected from its content.", format="binary"
    ),
    "model": _text("Name or alias from `GET /api/v1/models`; whisper-1 is the service's default."),
    "prompt": _text(
        "Comma-separated names and terms are used as `hotwords`; whole sentences have no effect."
    ),
    "response_format": _text("Format of the response.", enum=list(Format), default=Format.JSON),
    "text": _text(
        "rewritten: the response has the text that `rewrite` made in the place of the one that was said.",
        enum=list(Text),
        default=Text.ORIGINAL,
    ),
    "temperature": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "Has no effect, because decoding never samples.",
    },
}
_TRANSCRIPTION: dict[str, Any] = {
    **_OWN,
    **_SHARED,
    "languages[]": _texts("Used if there is exactly one; otherwise the language is detected."),
    "keywords[]": _texts("Used as `hotwords`."),
    "timestamp_granularities[]": {
        "type": "array",
        "items": {"type": "string", "enum": list(Granularity)},
        "description": "Units with times in verbose_json; segments by default.",
    },
    "stream": {
        "type": "boolean",
        "default": False,
        "description": "Send the text as server-sent events while it is recognised. For json and text.",
    },
    "chunking_strategy": _text(
        "auto, or an object of the type server_vad. Has no effect: the service's own VAD is used."
    ),
    "include[]": _texts("Has no effect: no engine here returns token probabilities."),
    "known_speaker_names[]": _texts(_SPEAKERS),
    "known_speaker_references[]": _texts(_SPEAKERS),
}


def _route(fields: dict[str, Any], *media_types: str) -> dict[str, Any]:
    """Return the arguments for a route with a form of these fields and with texts of these media types."""
    contents = {each: {"schema": {"type": "string"}} for each in media_types}
    contents["application/json"] = {"schema": {"type": "object"}}
    schema = {"type": "object", "required": ["file"], "properties": fields}
    failures = (400, 401, 403, 404, 408, 409, 413, 429, 500, 503, 504, 507)
    return operation("multipart/form-data", schema, "The text.", contents, *failures)


TRANSCRIPTION = _route(_TRANSCRIPTION, "text/plain", "text/event-stream")
TRANSLATION = _route({**_OWN, **_SHARED}, "text/plain")
