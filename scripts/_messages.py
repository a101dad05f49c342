"""What people read in VoxQ and can be translated: found in its code, in its command line, and in Typer."""

from __future__ import annotations

import ast
import importlib.util
import string
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import polib
from pydantic_core._pydantic_core import list_all_errors
from typer.core import TyperGroup
from typer.main import get_command

from voxq.cli.app import app
from voxq.cli.help import all_of, parameters_of
from voxq.cli.outline import Outline

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
CATALOGUE = SOURCE / "voxq/locale/zh/LC_MESSAGES/voxq.po"

_TYPERS = ("typer.core", "typer.rich_utils")
_PYDANTICS = (
    *("missing", "extra_forbidden", "bool_parsing", "int_parsing", "int_from_float", "float_parsing"),
    *("finite_number", "greater_than", "greater_than_equal", "less_than", "less_than_equal", "literal_error"),
    *("enum", "string_type", "int_type", "float_type", "bool_type", "list_type", "tuple_type", "dict_type"),
    *("string_too_short", "string_too_long", "string_pattern_mismatch", "too_long", "path_type"),
)
"""Types of the errors of Pydantic that values of requests and settings can have."""


@dataclass(frozen=True, slots=True)
class Found:
    """A text to translate; `where` it was found, relative to the sources."""

    text: str
    plural: str | None
    where: str


def found() -> Iterator[Found]:
    """Yield every text, also one that is there twice."""
    for file in sorted((SOURCE / "voxq").rglob("*.py")):
        yield from _in_source(file)
    for text in _helps():
        yield Found(text, None, "help")
    for module in _TYPERS:
        yield from _in_typer(module)
    for each in list_all_errors():
        if each["type"] in _PYDANTICS:
            yield Found(each["message_template_python"], None, "pydantic")


def _in_source(file: Path) -> Iterator[Found]:
    """Yield the literal texts of `Message(...)` and `Message.counted(...)`."""
    where = file.relative_to(SOURCE).as_posix()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name("Message"), args=[ast.Constant(str(text))]):
                yield Found(text, None, where)
            case ast.Call(
                func=ast.Attribute(ast.Name("Message"), "counted"),
                args=[ast.Constant(str(one)), ast.Constant(str(many)), *_],
            ):
                yield Found(one, many, where)
            case _:
                continue


def _helps() -> Iterator[str]:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    loaded = (each.loaded for each in group.commands.values() if isinstance(each, Outline))
    for command in chain(all_of(group), *map(all_of, loaded)):
        yield from (text for text in (command.help, command.short_help) if text)
        yield from (each.help for each in parameters_of(command) if each.help)


def _in_typer(module: str) -> Iterator[Found]:
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None
    for node in ast.walk(ast.parse(Path(spec.origin).read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name("_"), args=[ast.Constant(str(text))]):
                yield Found(text, None, module)
            case _:
                continue


def placeholders(text: str) -> set[str]:
    """Names of the values that a template has."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def read() -> polib.POFile:
    return polib.pofile(str(CATALOGUE), wrapwidth=110)
