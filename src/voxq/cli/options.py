"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Priority(StrEnum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


Url = Annotated[
    str | None,
    typer.Option(help="Address of the service, e.g. http://127.0.0.1:8000; found by itself if not given."),
]
Cache = Annotated[
    bool, typer.Option("--cache", help="Take what the service made of the same request before, if it did.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
