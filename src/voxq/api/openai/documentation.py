"""OpenAPI descriptions of requests whose bodies are not read by the framework."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from voxq.api.openai import errors
from voxq.api.openai.form import OWN, Granularity
from voxq.api.openai.speech_form import SPOKEN
from voxq.speech.audio import SPEECH_FORMATS
from voxq.speech.subtitles import Format


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _texts(description: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": description}


_OWN: dict[str, Any] = OWN.form_schema({})["properties"]
_UNKNOWN = (
    "Fields of OpenAI's API without a use here are accepted and documented as having no effect; unknown "
    "fields are refused, with the list of known ones."
)
_SPEAKERS = "Refused, because no model here distinguishes speakers."
_SHARED: dict[str, Any] = {
    "file": _text(
        "The recording, in any supported format; the format is detected from its content.", format="binary"
    ),
    "model": _text("Name or alias from `GET /api/v1/models`; whisper-1 is the service's default."),
    "prompt": _text(
        "Comma-separated names and terms are used as `hotwords`; whole sentences have no effect."
    ),
    "response_format": _text("Format of the response.", enum=list(Format), default=Format.JSON),
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


def _route(fields: dict[str, Any], *kinds: str) -> dict[str, Any]:
    """Return the arguments for a route with a form of these fields and with responses of these content
    types."""
    content = {kind: {"schema": {"type": "string"}} for kind in kinds}
    content["application/json"] = {"schema": {"type": "object"}}
    schema = {
        "type": "object",
        "required": ["file"],
        "properties": fields,
        "description": _UNKNOWN,
    }
    failures = errors.documented(400, 401, 403, 404, 408, 409, 413, 429, 500, 503, 504, 507)
    return {
        "responses": {200: {"description": "The text.", "content": content}} | failures,
        "openapi_extra": {
            "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
        },
    }


TRANSCRIPTION = _route(_TRANSCRIPTION, "text/plain", "text/event-stream")
TRANSLATION = _route({**_OWN, **_SHARED}, "text/plain")


def _speech() -> dict[str, Any]:
    schema = SPOKEN.json_schema() | {"description": _UNKNOWN}
    sound = {"schema": {"type": "string", "format": "binary"}}
    content: dict[str, Any] = dict.fromkeys(SPEECH_FORMATS.values(), sound)
    content["text/event-stream"] = {
        "schema": {
            "type": "string",
            "description": "speech.audio.delta with bytes of the file in Base64, then speech.audio.done with "
            "usage: a character of the text is a token, and each 50 ms of speech.",
        }
    }
    failures = errors.documented(400, 401, 403, 404, 408, 409, 410, 413, 429, 500, 503, 504, 507)
    return {
        "response_class": Response,
        "responses": {200: {"description": "The speech, as it is made.", "content": content}} | failures,
        "openapi_extra": {
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}
        },
    }


SPEECH = _speech()
