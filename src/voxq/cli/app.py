"""The `voxq` application: registers all commands and reports their errors."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from dotenv import dotenv_values

import voxq
from voxq import kinds
from voxq.cli import bench, doctor, engines, history, models, queue, rq, serve, task, up
from voxq.cli.console import fail, is_ours
from voxq.cli.flags import Command
from voxq.cli.help import Group, translate
from voxq.locale import Message

app = typer.Typer(
    name="voxq",
    cls=Group,
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
    _read_language()
    try:
        command = typer.main.get_command(app)
        translate(command)
        command()
    except Exception as error:
        if os.environ.get("LOG_LEVEL", "").upper() == "DEBUG":
            raise
        fail(
            str(error)
            if is_ours(error)
            else Message(
                "{kind}: {error} (LOG_LEVEL=DEBUG shows where)", kind=type(error).__name__, error=str(error)
            )
        )
        sys.exit(1)


def _read_language() -> None:
    """Take VOXQ_LANG from the file of settings, unless the environment has it. Whatever is wrong with that
    file is told by the command that needs it."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if "VOXQ_LANG" not in os.environ and (chosen := dotenv_values(".env").get("VOXQ_LANG")):
            os.environ["VOXQ_LANG"] = chosen
