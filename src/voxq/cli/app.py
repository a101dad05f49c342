"""The `voxq` application: registers all commands and reports their errors."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

import voxq
from voxq import kinds
from voxq.cli import bench, doctor, engines, history, models, queue, rq, serve, task, up
from voxq.cli.console import fail, is_ours
from voxq.cli.flags import Command

app = typer.Typer(
    name="voxq",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"voxq {voxq.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Speech to text and text to speech as a queue service: nothing is lost."""


def _of_kinds() -> Iterator[Command]:
    """Yield the commands that belong to one kind of task each, whose names are those of their functions."""
    for kind in kinds.registered().values():
        for command in kind.commands:
            module, _, function = command.partition(":")
            yield getattr(importlib.import_module(module), function)


app.command("up")(up.up)
app.command("api")(serve.api)
app.add_typer(serve.worker_app, name="worker")
for _command in _of_kinds():
    app.command()(_command)
app.add_typer(queue.app, name="queue")
app.command("task")(task.task)
app.command("history")(history.history)
app.add_typer(models.app, name="models")
app.add_typer(engines.app, name="engines")
app.command("doctor")(doctor.doctor)
app.command("rq", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})(rq.rq)
app.command("bench")(bench.bench)


def main() -> None:
    """Run the command in `sys.argv`.

    An error becomes one sentence on stderr and exit status 1; a traceback appears only with LOG_LEVEL=DEBUG.
    """
    try:
        app()
    except Exception as error:
        if os.environ.get("LOG_LEVEL", "").upper() == "DEBUG":
            raise
        fail(
            str(error) if is_ours(error) else f"{type(error).__name__}: {error} (LOG_LEVEL=DEBUG shows where)"
        )
        sys.exit(1)
