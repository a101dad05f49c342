"""Tasks as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

_LONGEST = 60


def tasks_table(records: Iterable[dict[str, Any]]) -> Table:
    """Records of the history, one a row. Their texts are shown as they are, never as markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Task", "Submitted", "Seconds", "Status", "Text or error"):
        table.add_column(heading, justify="right" if heading == "Seconds" else "left")
    for record in records:
        said = str(record.get("text") or record.get("error") or "")
        table.add_row(
            Text(str(record.get("task_id", ""))),
            str(record.get("created_at", "")),
            f"{float(record.get('duration') or 0):.1f}",
            Text(str(record.get("status", ""))),
            Text(said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"),
        )
    return table
