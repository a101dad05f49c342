"""Records of rewritten texts within the end of a task, and in its document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STEP = "rewrite"
"""Name of the step, and the capability that it needs."""


def made_in(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what became of the text (`voxq.engines.contract.Rewritten` as JSON), of a task that rewrites one
    or of its step that does; None where nothing was rewritten, or there was no text."""
    return document.get("rewritten") or step_in(document).get("result") or None


def step_in(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what became of the step: its `status`, with a `result` or with `code` and `error`; nothing if
    the task has no such step."""
    return document.get("steps", {}).get(STEP) or {}


def summary_of(steps: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what the log and webhooks say of the step: `rewritten`, the text, with `rewrite_mode`, how it
    was made; or `rewrite_error`; or nothing."""
    step = step_in({"steps": steps})
    if error := step.get("error"):
        return {"rewrite_error": error}
    if made := step.get("result"):
        return {"rewritten": made["text"], "rewrite_mode": made["mode"]}
    return {}
