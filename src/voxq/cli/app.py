"""The `voxq` application: runs the command that is given and reports its errors."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated, Any

import typer
from dotenv import dotenv_values
from typer.core import TyperGroup
from typer.main import get_command

import voxq
from voxq.cli.commands import known
from voxq.cli.console import fail
from voxq.cli.help import HELP_OPTIONS, translate, translated_errors
from voxq.cli.outline import Outline
from voxq.locale import Message
from voxq.program import is_ours


class _Group(TyperGroup):
    """Group of all commands, which translates the usage errors of any of them."""

    def __init__(self, **attributes: Any) -> None:
        attributes["commands"] = {each.name: Outline(each) for each in known()}
        super().__init__(**attributes)

    def make_context(self, *args: Any, **how: Any) -> Any:
        with translated_errors():
            return super().make_context(*args, **how)

    def invoke(self, ctx: Any) -> Any:
        with translated_errors():
            return super().invoke(ctx)


app = typer.Typer(
    name="voxq",
    cls=_Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": HELP_OPTIONS},
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


def main() -> None:
    """Run the command in `sys.argv`.

    An error becomes one sentence on stderr and exit status 1; a traceback appears only with LOG_LEVEL=DEBUG.
    """
    _read_language()
    try:
        command = get_command(app)
        assert isinstance(command, TyperGroup)
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
