"""`voxq task ID`: show or delete a task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.cells import set_cell_size

from voxq.cli.configuration import configured
from voxq.cli.console import here, out, print_json, visible
from voxq.cli.formats import Format, Text
from voxq.cli.names import status_name
from voxq.cli.options import Json, Url
from voxq.locale import Message

_SHOWN = {
    "status": Message("status"),
    "position": Message("position"),
    "estimated_wait": Message("estimated wait"),
    "progress": Message("progress"),
    "model": Message("model"),
    "voice": Message("voice"),
    "format": Message("format"),
    "language": Message("language"),
    "duration": Message("duration"),
    "attempts": Message("attempts"),
    "error": Message("error"),
}
"""Fields of a task that are shown, with their names."""

_WIDTH = 16


def task(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="The task's id.")],
    format: Annotated[
        Format | None, typer.Option("--format", "-f", help="Print its transcript in this format.")
    ] = None,
    text: Annotated[
        Text | None, typer.Option("--text", help="Which of its texts: as it was said, or rewritten.")
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

    with the_service(configured(), url, is_data=json_) as service:
        if delete:
            service.delete(task_id)
            return
        state = service.result(task_id, wait)
        if output is not None:
            with whole(output) as file:
                service.save_sound(task_id, file)
            return
        if (format or text) and state["status"] == "done":
            transcript = service.rendered(task_id, format or Format.TEXT, text)
            typer.echo(visible(transcript) if out.is_terminal else transcript, nl=False)
            return
    if json_:
        print_json(state)
    else:
        _print_state(state)


def _print_state(state: dict[str, Any]) -> None:
    shown = state | {"status": here(status_name(state["status"]))}
    for name, label in _SHOWN.items():
        if shown.get(name) is not None:
            _print_field(here(label), shown[name])
    for name, seconds in (state.get("timings") or {}).items():
        _print_field(name, seconds)
    if text := state.get("text"):
        out.print(f"\n{text}", markup=False, highlight=False, soft_wrap=True)


def _print_field(label: str, value: object) -> None:
    out.print(f"{set_cell_size(f'{label}:', _WIDTH)}{value}", markup=False, highlight=False)
