"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(help="Address of the service, e.g. http://127.0.0.1:8000; default: the running service."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
