"""What Redis shows of a task: the JSON under `asr:task:{id}` or `tts:task:{id}` and the events beside it.

Clients read these keys directly; `status`, `text` and `duration` are theirs to rely on. While a task is open
its document holds scalars only, because scripts rewrite it and Lua cannot tell `[]` from `{}`.
"""

from __future__ import annotations

import json
from typing import Any

from voxq import kinds
from voxq.core.outcome import Outcome
from voxq.core.task import Status, Task, utc

_STATUSES = frozenset(Status)


def queued(task: Task) -> dict[str, Any]:
    return _open(task, Status.QUEUED)


def processing(task: Task, *, progress: int, text: str, started_at: float) -> dict[str, Any]:
    """`progress` in percent; `text` is what has been recognised or spoken so far."""
    return _open(task, Status.PROCESSING) | {
        "progress": progress,
        "text": text,
        "started_at": utc(started_at),
    }


def ended(task: Task, outcome: Outcome) -> dict[str, Any]:
    fields = outcome.to_json()
    fields |= {"ended_at": utc(outcome.ended_at), "duration": round(outcome.duration, 3)}
    return _common(task) | kinds.find(task.kind).shown(task.options) | fields


def event(task: Task, status: Status, progress: int = 0) -> str:
    """One message on the events channel: enough to wake who waits, never the text."""
    return json.dumps(
        {"task_id": task.id, "kind": task.kind, "run": task.run, "status": status, "progress": progress}
    )


def dump(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)


_NEEDED = {"task_id": str, "run": int, "owner": str, "file": str, "created_at": str, "status": str}


def load(raw: str | bytes) -> dict[str, Any] | None:
    """A document as it was dumped; None for anything else that a foreign hand has left in its place."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("status") not in _STATUSES:
        return None
    is_whole = all(isinstance(document.get(name), kind) for name, kind in _NEEDED.items())
    return document if is_whole else None


def _open(task: Task, status: Status) -> dict[str, Any]:
    return _common(task) | {
        "status": status,
        "model": task.model or "",
        "text": "",
        "progress": 0,
        "duration": round(task.duration or 0.0, 3),
    }


def _common(task: Task) -> dict[str, Any]:
    return {
        "task_id": task.id,
        "kind": task.kind,
        "run": task.run,
        "schema": task.schema,
        "owner": task.owner,
        "lane": task.lane,
        "seconds": task.queue_seconds,
        "file": task.file,
        "created_at": utc(task.created_at),
    }
