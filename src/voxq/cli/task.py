"""`voxq task ID`: show or delete a task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from voxq.cli.configuration import configured
from voxq.cli.console import out, print_json, visible
from voxq.cli.formats import Format
from voxq.cli.options import Json, Url

_SHOWN = (
    "status",
    "position",
    "estimated_wait",
    "progress",
    "model",
    "voice",
    "format",
    "language",
    "duration",
    "attempts",
    "error",
)


def task(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="The task's id.")],
    format: Annotated[
        Format | None, typer.Option("--format", "-f", help="Print its transcript in this format.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", dir_okay=False, help="Save its recording or speech."),
    ] = None,
    wait: Annotated[float, typer.Option(min=0, max=60, help="Seconds to wait for its end.")] = 0,
    delete: Annotated[
        bool, typer.Option("--delete", help="Cancel it, or delete it if it has ended.")
    ] = False,
    url: Url = None,
    json_: Json = False,
) -> None:
    """Show one task, a recording or a text: its state, progress, text and timings."""
    from voxq.cli.files import whole
    from voxq.cli.service import the_service

    with the_service(configured(), url) as service:
        if delete:
            service.delete(task_id)
            return
        state = service.result(task_id, wait)
        if output is not None:
            with whole(output) as file:
                service.save_sound(task_id, file)
            return
        if format and state["status"] == "done":
            transcript = service.rendered(task_id, format.value)
            typer.echo(visible(transcript) if out.is_terminal else transcript, nl=False)
            return
    if json_:
        print_json(state)
    else:
        _print_state(state)


def _print_state(state: dict[str, Any]) -> None:
    for name in _SHOWN:
        if state.get(name) is not None:
            out.print(f"{name.replace('_', ' ') + ':':16}{state[name]}", markup=False, highlight=False)
    for name, seconds in (state.get("timings") or {}).items():
        out.print(f"{name + ':':16}{seconds}", markup=False, highlight=False)
    if text := state.get("text"):
        out.print(f"\n{text}", markup=False, highlight=False, soft_wrap=True)
