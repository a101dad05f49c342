"""Tables of tasks and of queue counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from voxq import kinds

_LONGEST = 60


def tasks_table(records: Iterable[dict[str, Any]]) -> Table:
    """Table of history records, one per row. Texts are shown literally, never as markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Task", "Kind", "Submitted", "Seconds", "Status", "Text or error"):
        table.add_column(heading, justify="right" if heading == "Seconds" else "left")
    for record in records:
        said = str(record.get("text") or record.get("error") or "")
        table.add_row(
            Text(str(record.get("task_id", ""))),
            str(record.get("kind", "")),
            str(record.get("created_at", "")),
            f"{float(record.get('duration') or 0):.1f}",
            Text(str(record.get("status", ""))),
            Text(said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"),
        )
    return table


def open_tasks_table(tasks: Iterable[Mapping[str, Any]]) -> Table:
    """Table of tasks that wait or are in work, one per row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Task", "Kind", "Status", "Lane", "Place", "Seconds", "Age", "Starts in", "Ends in"):
        is_number = heading in ("Place", "Seconds", "Age", "Starts in", "Ends in")
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=heading == "Task")
    for task in tasks:
        progress = task.get("progress")
        status = str(task["status"]) if progress is None else f"{task['status']} {progress} %"
        table.add_row(
            Text(str(task["task_id"])),
            str(task["kind"]),
            status,
            str(task["lane"]),
            str(task.get("position") or ""),
            f"{float(task['duration']):.1f}",
            _time(task["age"]),
            _time(task.get("estimated_wait")),
            _time(task.get("estimated_left")),
        )
    return table


def _time(seconds: int | None) -> str:
    """Format a time as "45 s", "3:05" (minutes) or "2:07:09" (hours); empty if unknown."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def queue_table(kinds: Mapping[str, Mapping[str, Any]]) -> Table:
    """Table of queue counts, one kind per row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for heading in ("queued", "seconds", "processing", "failed"):
        table.add_column(heading, justify="right")
    for kind, counts in kinds.items():
        seconds = f"{float(counts.get('queued_seconds') or 0):.0f}"
        table.add_row(
            _things(kind),
            str(counts["queued"]),
            seconds,
            str(counts["processing"]),
            str(counts["failed"]),
        )
    return table


def _things(kind: str) -> str:
    """Label of a kind: what its tasks are made from, with its name if others are made from the same. A newer
    service may have kinds that are unknown here."""
    there = kinds.registered()
    if kind not in there:
        return kind
    noun = there[kind].noun
    is_alone = sum(each.noun == noun for each in there.values()) == 1
    return f"{noun}s" if is_alone else f"{noun}s ({kind})"
