"""OpenAPI description of speech."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from voxq.api.kinds.speech.openai.form import SPOKEN
from voxq.api.openai.documentation import operation
from voxq.speech.audio import SPEECH_FORMATS


def _speech() -> dict[str, Any]:
    sound = {"schema": {"type": "string", "format": "binary"}}
    contents: dict[str, Any] = dict.fromkeys(SPEECH_FORMATS.values(), sound)
    contents["text/event-stream"] = {
        "schema": {
            "type": "string",
            "description": "speech.audio.delta with bytes of the file in Base64, then speech.audio.done with "
            "usage: a character of the text is a token, and each 50 ms of speech.",
        }
    }
    failures = (400, 401, 403, 404, 408, 409, 410, 413, 429, 500, 503, 504, 507)
    described = operation(
        "application/json", SPOKEN.json_schema(), "The speech, as it is made.", contents, *failures
    )
    return described | {"response_class": Response}


SPEECH = _speech()
