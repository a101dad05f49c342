"""Tables of tasks and of queue counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from voxq import kinds
from voxq.cli.console import here
from voxq.cli.names import plural, status_name
from voxq.locale import Message

_LONGEST = 60

_TASK, _KIND, _SECONDS, _STATUS = Message("Task"), Message("Kind"), Message("Seconds"), Message("Status")


def tasks_table(records: Iterable[dict[str, Any]]) -> Table:
    """Table of history records, one per row. Texts are shown literally, never as markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (_TASK, _KIND, Message("Submitted"), _SECONDS, _STATUS, Message("Text or error")):
        table.add_column(heading, justify="right" if heading == _SECONDS else "left")
    for record in records:
        said = str(record.get("text") or record.get("error") or "")
        table.add_row(
            Text(str(record.get("task_id", ""))),
            str(record.get("kind", "")),
            str(record.get("created_at", "")),
            f"{float(record.get('duration') or 0):.1f}",
            Text(here(status_name(str(record.get("status", ""))))),
            Text(said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"),
        )
    return table


def open_tasks_table(tasks: Iterable[Mapping[str, Any]]) -> Table:
    """Table of tasks that wait or are in work, one per row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_TASK, no_wrap=True)
    for heading in (_KIND, _STATUS, Message("Lane")):
        table.add_column(heading)
    for heading in (Message("Place"), _SECONDS, Message("Age"), Message("Starts in"), Message("Ends in")):
        table.add_column(heading, justify="right")
    for task in tasks:
        progress = task.get("progress")
        status = here(status_name(str(task["status"])))
        shown = status if progress is None else f"{status} {progress} %"
        table.add_row(
            Text(str(task["task_id"])),
            str(task["kind"]),
            shown,
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
        return here(Message("{seconds} s", seconds=seconds))
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def queue_table(kinds: Mapping[str, Mapping[str, Any]]) -> Table:
    """Table of queue counts, one kind per row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for heading in (
        status_name("queued"),
        Message("seconds"),
        status_name("processing"),
        status_name("failed"),
    ):
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
    return plural(noun) if is_alone else Message("{things} ({kind})", things=plural(noun), kind=kind)
