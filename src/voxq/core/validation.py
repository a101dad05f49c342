"""Messages about values that Pydantic refuses."""

from __future__ import annotations

from typing import Any, cast

from pydantic_core import ErrorDetails, PydanticKnownError

from voxq.locale import Message


def message_of(error: ErrorDetails) -> Message:
    """Return the message of one of the errors of a ValidationError: that of our own check, or Pydantic's."""
    if (cause := cause_of(error)) is not None:
        return Message.joined("", (str(cause),))
    plain = Message.joined("", (error["msg"],))
    context = error.get("ctx", {})
    bound = context.get("max_length", context.get("min_length"))
    values = {"expected_plural": "" if bound == 1 else "s"} | {n: _shown(v) for n, v in context.items()}
    try:
        template = PydanticKnownError(cast("Any", error["type"]), context).message_template
        message = Message(template, **values)
    except (KeyError, TypeError):  # a type of our own, or one with a context of its own
        return plain
    return message if message == plain else plain


def _shown(value: object) -> object:
    """Value as Pydantic writes it: a whole number without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def cause_of(error: ErrorDetails) -> ValueError | None:
    """Return the ValueError that one of our own checks has raised; None if the check was Pydantic's."""
    cause = error.get("ctx", {}).get("error")
    return cause if isinstance(cause, ValueError) else None
