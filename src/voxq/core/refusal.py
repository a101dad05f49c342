"""Refusals of requests, with a message for people and a code for programs."""

from __future__ import annotations

from typing import Any


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
        super().__init__("not_found", "Task not found", task_id=task_id)


class TaskFailed(Refusal):
    """A task that was waited for ended without a result. The same request again would fare no better: the
    queue has tried again already."""


def invalid(field: str, problem: str) -> Refusal:
    """For a field that is not as it must be."""
    return Refusal("invalid_option", f"{field} {problem}", field=field)


def shown(text: str, most: int = 100) -> str:
    """A client's text as an error may repeat it: cut, and without characters that act on who reads it."""
    cut = text[:most]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
