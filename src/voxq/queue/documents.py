"""Task documents, the JSON under `asr:task:{id}` or `tts:task:{id}`, and event messages.

Clients read these keys directly and rely on `status`, `text` and `duration`. While a task is open, its
document contains only scalars, because scripts rewrite it and Lua cannot tell `[]` from `{}`.
"""

from __future__ import annotations

import json
from typing import Any

from voxq import kinds
from voxq.core import json_bytes
from voxq.core.outcome import Outcome
from voxq.core.task import Status, Task, utc

_STATUSES = frozenset(Status)


def queued(task: Task) -> dict[str, Any]:
    return _open(task, Status.QUEUED)


def processing(task: Task, *, progress: int, text: str, started_at: float, draft: str = "") -> dict[str, Any]:
    """Document of a task in work: `progress` in percent, `text` recognised, rewritten or spoken so far;
    `draft`: what is being written and has not been checked."""
    drafted = {"draft": draft} if draft else {}
    return (
        _open(task, Status.PROCESSING)
        | drafted
        | {
            "progress": progress,
            "text": text,
            "started_at": utc(started_at),
        }
    )


def ended(task: Task, outcome: Outcome) -> dict[str, Any]:
    fields = outcome.to_json()
    fields |= {"ended_at": utc(outcome.ended_at), "duration": round(outcome.duration, 3)}
    return _common(task) | kinds.find(task.kind).shown(task.options) | fields


def event(task: Task, status: Status, progress: int = 0) -> str:
    """JSON message for the events channel: enough to wake waiting clients, never the text itself."""
    return dump(
        {"task_id": task.id, "kind": task.kind, "run": task.run, "status": status, "progress": progress}
    )


def dump(document: dict[str, Any]) -> str:
    return json_bytes.dumps(document).decode()


_NEEDED = {"task_id": str, "run": int, "owner": str, "file": str, "created_at": str, "status": str}


def load(raw: str | bytes) -> dict[str, Any] | None:
    """Parse a document written by `dump`; None for anything else that another program left under its key."""
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
