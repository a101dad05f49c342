"""`voxq bench`: benchmarks of a checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from voxq.cli.console import fail, out
from voxq.locale import Message

SCRIPTS = Path(__file__).parents[3] / "scripts" / "bench"


def bench(
    name: Annotated[str | None, typer.Argument(help="Measurement to run; lists them if not given.")] = None,
    arguments: Annotated[list[str] | None, typer.Argument(help="Arguments of the measurement.")] = None,
) -> None:
    """Measure speed: run one of the scripts/bench of a checkout, or list them."""
    scripts = {path.stem: path for path in sorted(SCRIPTS.glob("[a-z]*.py"))}
    if not scripts:
        fail(Message("The measurements are in a checkout's scripts/bench, and this is an installed package."))
        raise typer.Exit(1)
    if name is None:
        for found in scripts:
            out.print(found)
        return
    if name not in scripts:
        fail(
            Message(
                "There is no measurement {name}; there are: {scripts}.", name=name, scripts=", ".join(scripts)
            )
        )
        raise typer.Exit(1)
    raise typer.Exit(subprocess.run([sys.executable, str(scripts[name]), *(arguments or [])]).returncode)
