"""Commands whose modules are imported when they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from voxq.cli.help import translate
from voxq.program import loading


@dataclass(frozen=True, slots=True)
class Command:
    """A command as the table of all commands knows it: what is needed to list it, and where it is.

    `place` is "module:attribute", of its function or of the Typer application of its subcommands; `help` is
    also the description in that place.
    """

    name: str
    place: str
    help: str
    context_settings: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> TyperCommand | TyperGroup:
        """Import the command."""
        module, _, attribute = self.place.partition(":")
        with loading():
            found = getattr(import_module(module), attribute)
        above = typer.Typer(callback=lambda: None)
        if isinstance(found, typer.Typer):
            above.add_typer(found, name=self.name)
        else:
            above.command(self.name, context_settings=dict(self.context_settings))(found)
        command = get_group(above).commands[self.name]
        assert isinstance(command, TyperCommand | TyperGroup)
        return command


class Outline(TyperCommand):
    """Stand-in for a command in lists: its name and its help. It becomes the command when that is to run, or
    to be completed."""

    def __init__(self, command: Command) -> None:
        super().__init__(command.name, help=command.help)
        self._command = command

    @cached_property
    def loaded(self) -> TyperCommand | TyperGroup:
        """The command itself, with its parameters and subcommands."""
        return self._command.load()

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        translate(self.loaded)
        return self.loaded.make_context(info_name, args, parent, **extra)
