"""The table of commands: it tells the truth about them, and listing them imports none."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from voxq.cli.app import app
from voxq.cli.commands import known
from voxq.cli.outline import Command, Outline

COMMANDS = [pytest.param(each, id=each.name) for each in known()]
HEAVY = {"numpy", "pydantic", "pydantic_settings", "fastapi", "redis", "rq", "httpx", "av", "voxq.settings"}
"""Modules that take longer to import than everything that the help needs."""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_what_the_table_says(command: Command) -> None:
    outline, loaded = Outline(command), command.load()
    assert (loaded.name, loaded.help) == (outline.name, outline.help)
    assert (loaded.hidden, loaded.deprecated) == (outline.hidden, outline.deprecated)


def test_the_application_has_every_command_once() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    names = [each.name for each in known()]
    assert list(group.commands) == names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_listing_the_commands_imports_none_of_them(arguments: list[str]) -> None:
    program = f"""
import atexit, sys
atexit.register(lambda: print(*sorted({HEAVY!r} & sys.modules.keys()), file=sys.stderr))
sys.argv = ["voxq", *{arguments!r}]
from voxq.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.strip()) == (0, "")
