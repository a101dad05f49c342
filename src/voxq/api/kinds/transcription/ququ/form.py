"""Forms that QuQu's clients send, and the options that they stand for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from voxq.api.available import AvailableModels
from voxq.api.kinds.transcription import options
from voxq.api.ququ import optimizing
from voxq.api.ququ.optimizing import DEFAULT, PromptField
from voxq.api.submission import upload
from voxq.api.submission.form import Fields
from voxq.core.refusal import invalid
from voxq.core.request_reader import RequestReader, one_of
from voxq.core.task import Priority
from voxq.kinds.hotwords import MAX_HOTWORDS, checked_hotwords
from voxq.kinds.transcription import TranscriptionOptions
from voxq.locale import Message

NONE = "none"
"""Mode of clients that show what was said as it was said."""

_FILE = {
    upload.FIELD: {
        "type": "string",
        "format": "binary",
        "description": "The recording, of any supported format; its content counts and not its name.",
    }
}
_OWN = ("use_vad", "use_punc")
_HOTWORD: dict[str, Any] = {
    "hotword": (
        Annotated[
            tuple[str, ...],
            BeforeValidator(partial(checked_hotwords, field="hotword")),
            Field(description=f"Up to {MAX_HOTWORDS} words to listen for, between spaces or commas."),
        ],
        (),
    )
}
_ModeField = Annotated[
    one_of(Literal["optimize", "format", "punctuate", "custom", "none"]),
    Field(description="What to make of the text, as for `POST /api/llm/optimize`; none: nothing."),
]

PLAIN = optimizing.reader(TranscriptionOptions, _OWN, _HOTWORD)
"""Reader of what to transcribe."""
OPTIMIZED = optimizing.reader(
    TranscriptionOptions,
    _OWN,
    {**_HOTWORD, "optimize_mode": (_ModeField, DEFAULT), "custom_prompt": (PromptField, "")},
)
"""Reader of what to transcribe and then to optimize."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that was read; `mode` is what to make of the text, "none" for nothing."""

    options: TranscriptionOptions
    priority: Priority
    mode: str


def wanted(reader: RequestReader[TranscriptionOptions], fields: Fields, models: AvailableModels) -> Wanted:
    """Read a form and check it against the models there are.

    Raises Refusal ("invalid_option", with the field's name; "unsupported_value" without a language model).
    """
    asked = reader.form(fields)
    mode, prompt = asked.besides.get("optimize_mode", NONE), asked.besides.get("custom_prompt", "")
    if mode != NONE:
        optimizing.check(mode, prompt, models.providers, "optimize_mode")
    elif prompt:
        raise invalid("custom_prompt", Message("is for the mode custom"))
    chosen = replace(
        asked.options,
        hotwords=asked.besides["hotword"],
        rewrite=None if mode == NONE else mode,
        rewrite_prompt=prompt,
    )
    return Wanted(options.for_models(chosen, models), asked.submission.priority, mode)


def schema(reader: RequestReader[TranscriptionOptions]) -> dict[str, Any]:
    """Return the schema of a form for the OpenAPI document."""
    return reader.form_schema(_FILE)
