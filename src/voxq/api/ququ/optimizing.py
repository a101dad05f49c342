"""What QuQu's clients want to be made of a text, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field

from voxq.api import rewriters, views
from voxq.api.rewriters import Wish
from voxq.core.options import Options
from voxq.core.request_reader import RequestReader, one_of
from voxq.core.submission import SubmissionOptions
from voxq.core.task import Priority
from voxq.kinds.rewritten import LONGEST_PROMPT
from voxq.rewriting.request import Mode

O = TypeVar("O", bound=Options)  # noqa: E741

DEFAULT = Mode.OPTIMIZE.value
ModeField = Annotated[
    one_of(Literal["optimize", "format", "punctuate", "custom"]),
    Field(
        description="optimize: without slips of the tongue; format: as one writes; punctuate: nothing but "
        "marks; custom: as `custom_prompt` says."
    ),
]
PromptField = Annotated[
    str,
    Field(max_length=LONGEST_PROMPT, description="What is to be done with the text in the mode custom."),
]


class Optimized(BaseModel):
    """A text, and what was made of it."""

    success: Literal[True] = Field(description="Always true.")
    original_text: str = Field(examples=["嗯，我们那个周三下午三点开会。"], description="The text as it was.")
    optimized_text: str = Field(
        examples=["我们周三下午三点开会。"],
        description="The optimized text; the text as it was where that could not be done faithfully.",
    )
    mode: str = Field(examples=["optimize"], description="What was asked for.")
    model: str = Field(examples=["qwen3:8b"], description="Language model that was asked, if any.")
    optimize_error: str = Field(
        default="", description="Why `optimized_text` is not what was asked for; absent where it is."
    )


def reader(options: type[O], own: Collection[str], besides: Mapping[str, Any]) -> RequestReader[O]:
    """Return the reader of requests with no other fields than `besides` and the options named `own`.

    They wait in the high lane, and an earlier result of the same request may answer them.
    """
    declared = {**options.declared(), **SubmissionOptions.declared()}
    fixed = {name: each.default for name, each in declared.items() if name not in own}
    return RequestReader(options, fixed=fixed | {"priority": Priority.HIGH, "cache": True}, besides=besides)


def check(mode: str, prompt: str, providers: tuple[str, ...], mode_field: str) -> None:
    """Check a mode and a prompt against the providers there are. Raises Refusal as `rewriters.checked`."""
    wish = Wish(Mode(mode), None, None, prompt, prefix="custom_", mode_field=mode_field)
    rewriters.checked(wish, providers)


def facts(original: str, mode: str, document: views.Document) -> dict[str, Any]:
    """Return the fields of `Optimized` for a task that is done.

    A text that could not be rewritten is given back as it was: what was said is never lost.
    """
    found = views.rewritten(document)
    made = found.get("rewritten")
    told = {
        "original_text": original,
        "optimized_text": made.text if made else original,
        "mode": mode,
        "model": made.model if made else "",
    }
    error = found.get("rewrite_error") or (made.reason if made else "")
    return told | ({"optimize_error": error} if error else {})
