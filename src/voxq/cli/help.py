"""Help and usage errors in the language of the user. What Typer says itself, it looks up with gettext."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from voxq.cli.console import language
from voxq.locale import ENGLISH, Forms, Message, translated

USAGE_ERRORS = Forms(
    (each.template, None)
    for each in (
        Message("Missing argument {name}."),
        Message("Missing option {name}. {more}"),
        Message("Missing option {name}."),
        Message("No such option: {name} (Possible options: {known})"),
        Message("No such option: {name}"),
        Message("Option {name} requires an argument."),
        Message("Option {name} does not take a value."),
        Message("Got unexpected extra argument(s) ({arguments})"),
        Message("Invalid value for {name}: {problem}"),
        Message("Invalid value: {problem}"),
        Message("Value error, {problem}"),
        Message("{value} is not one of {known}."),
        Message("dir {path} is a file."),
        Message("file {path} is a directory."),
        Message("file {path} is not readable."),
        Message("dir {path} is not readable."),
        Message("Input should be a valid integer, unable to parse string as an integer"),
        Message("Input should be a valid number, unable to parse string as a number"),
        Message("Input should be greater than or equal to {least}"),
        Message("Input should be less than or equal to {most}"),
    )
)
"""Forms of the errors that Typer makes: its exceptions do not tell their parts."""

HELP_OPTIONS = ["-h", "--help"]
_OF_HELP = Message("Show this message and exit.")


class _UsageError(typer.BadParameter):
    """A usage error whose message is complete."""

    def format_message(self) -> str:
        return self.message


def translate(command: TyperCommand | TyperGroup) -> None:
    """Translate the help of a command and of all below it, unless it is to be in English."""
    if (code := language()) == ENGLISH:
        return
    _let_gettext_translate(code)
    for each in all_of(command):
        if (option := each.get_help_option(typer.Context(each, help_option_names=HELP_OPTIONS))) is not None:
            option.help = translated(_OF_HELP, code)
        each.help = translated(each.help or "", code)
        each.short_help = translated(each.short_help or "", code) or None
        for parameter in parameters_of(each):
            parameter.help = translated(parameter.help or "", code)


def all_of(command: Any) -> Iterator[TyperCommand | TyperGroup]:
    """Yield a command and all below it."""
    yield command
    for each in getattr(command, "commands", {}).values():
        yield from all_of(each)


def parameters_of(command: TyperCommand | TyperGroup) -> list[TyperArgument | TyperOption]:
    return [each for each in command.params if isinstance(each, TyperArgument | TyperOption)]


@contextmanager
def translated_errors() -> Iterator[None]:
    try:
        yield
    except typer.TyperException as error:
        message = USAGE_ERRORS.recognised(error.format_message()) if (code := language()) != ENGLISH else None
        if message is None:
            raise
        raise _UsageError(translated(message, code), getattr(error, "ctx", None)) from None


def _let_gettext_translate(code: str) -> None:
    """Let what uses gettext in this process find the texts of this package, in this language."""
    import gettext

    from voxq.locale.catalogue import DIRECTORY, DOMAIN

    gettext.bindtextdomain(DOMAIN, DIRECTORY)
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = code  # the only name of the language that it takes from anybody but the user
