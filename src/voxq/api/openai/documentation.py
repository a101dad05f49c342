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
    "What OpenAI's API knows and this service has no use for has no effect, as said of each such field; "
    "a field that neither knows is refused, with the names there are."
)
_SPEAKERS = "Refused: no model here tells speakers apart."
_SHARED: dict[str, Any] = {
    "file": _text("The recording, of any supported format; its content counts.", format="binary"),
    "model": _text("A name or alias from `GET /api/v1/models`; whisper-1 is the service's default."),
    "prompt": _text(
        "Names and terms between commas are listened for (as `hotwords`); whole sentences have no effect."
    ),
    "response_format": _text("How the text is written.", enum=list(Format), default=Format.JSON),
    "temperature": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "Has no effect: nothing is sampled.",
    },
}
_TRANSCRIPTION: dict[str, Any] = {
    **_OWN,
    **_SHARED,
    "languages[]": _texts("Counts if there is one; of several, what is spoken is detected."),
    "keywords[]": _texts("Listened for, as `hotwords`."),
    "timestamp_granularities[]": {
        "type": "array",
        "items": {"type": "string", "enum": list(Granularity)},
        "description": "What has times in verbose_json; segments if nothing is said.",
    },
    "stream": {
        "type": "boolean",
        "default": False,
        "description": "Server-sent events: the text as it is recognised. For json and text.",
    },
    "chunking_strategy": _text(
        "auto, or an object of the type server_vad. Has no effect: how speech is found does not change."
    ),
    "include[]": _texts("Has no effect: no engine here tells how likely each token is."),
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
