"""The form of a submission, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Any

from voxq.api.submission import options
from voxq.core.task import Priority
from voxq.engines.languages import LANGUAGES


def _switch(default: bool | None, description: str) -> dict[str, Any]:
    given = {} if default is None else {"default": default}
    return {"type": "boolean", "description": description, **given}


FORM: dict[str, Any] = {
    "type": "object",
    "required": ["audio"],
    "properties": {
        "audio": {
            "type": "string",
            "format": "binary",
            "description": "The recording, of any supported format; its content counts and not its name.",
        },
        "language": {
            "type": "string",
            "enum": ["auto", *LANGUAGES],
            "description": "What is spoken, also by its English name (chinese) or with a region (zh-CN); "
            "auto or nothing: as the service is set up, usually detected. A model may know fewer.",
        },
        "model": {
            "type": "string",
            "description": "A name or alias from `GET /api/v1/models`; nothing: the service's default.",
        },
        "batch_size": {
            "type": "integer",
            "minimum": 1,
            "maximum": options.MAX_BATCH_SECONDS,
            "description": "Seconds of (padded) audio that the model gets at once, at most.",
        },
        "hotwords": {
            "type": "string",
            "maxLength": options.MAX_HOTWORDS * (options.MAX_HOTWORD_LENGTH + 1),
            "description": f"Up to {options.MAX_HOTWORDS} words to listen for, between commas or spaces.",
        },
        "priority": {
            "type": "string",
            "enum": list(Priority),
            "default": Priority.NORMAL,
            "description": "high overtakes everything that waits; low lets everything else pass.",
        },
        "cache": _switch(
            False, "true: what this key has had recognised in the same way before is the result at once."
        ),
        "callback": {
            "type": "string",
            "description": "Name of the webhook, registered with this service, that is told of the end.",
        },
        "timestamps": {
            "type": "string",
            "enum": list(options.Timestamps),
            "default": options.Timestamps.SEGMENT,
            "description": "word: the result has the time of every word, too.",
        },
        "use_vad": _switch(True, "false: the silence goes to the model, too."),
        "use_punc": _switch(True, "false: a model without punctuation of its own gets none from another."),
        "use_itn": _switch(None, "Numbers and dates as digits; nothing: as the model is set up."),
    },
}
