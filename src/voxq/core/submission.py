"""Options of a request itself, whatever kind of task it is for."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from voxq.core.options import Affects, Mark, Options
from voxq.core.refusal import invalid
from voxq.core.task import Priority
from voxq.locale import Message


@dataclass(frozen=True, slots=True)
class SubmissionOptions(Options):
    """How a request is queued and answered; none of it changes a result."""

    priority: Annotated[
        Priority,
        Field(description="high: ahead of everything that waits; low: after everything else."),
        Mark(affects=Affects.NOTHING, choices=tuple((each.value, each) for each in Priority)),
    ] = Priority.NORMAL
    callback: Annotated[
        str | None,
        Field(description="Name of a registered webhook, which is notified of the end."),
        Mark(affects=Affects.NOTHING, openai=""),
    ] = None
    cache: Annotated[
        bool,
        Field(
            description="true: return an earlier result of this key for the same input and options at "
            "once; false: make a new one."
        ),
        Mark(affects=Affects.NOTHING, flag="--cache"),
    ] = False

    def webhook(self, registered: Container[str]) -> str | None:
        """Return the name of the webhook to notify, if any. Raises Refusal ("invalid_option")."""
        name = (self.callback or "").strip()
        if not name or name in registered:
            return name or None
        raise invalid("callback", Message("must be the name of a registered webhook, not a URL"))
