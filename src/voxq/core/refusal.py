"""Refusals of requests, with a message for people and a code for programs."""

from __future__ import annotations

from typing import Any

from voxq.locale import Message


class Refusal(Exception):
    """A request is refused.

    `code` is a word for programs, `message` a sentence for people; `details` are extra response fields.
    """

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class NotFound(Refusal):
    def __init__(self, task_id: str) -> None:
        super().__init__("not_found", Message("Task not found"), task_id=task_id)


class TaskFailed(Refusal):
    """The task that a request waited for ended without a result.

    Repeating the request would not help, because the queue has already retried the task.
    """


def invalid(field: str, problem: str) -> Refusal:
    """Make the refusal of an invalid field."""
    return Refusal("invalid_option", Message.joined(" ", (field, problem)), field=field)


def shown(text: str, most: int = 100) -> str:
    """Shorten a client's text to `most` characters and escape unprintable ones, to quote it in an error."""
    cut = text[:most]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
