"""What is special about a kind of task is in modules of its own, which generic code finds by the registry:
nothing else names a kind or one of its classes, and no kind names another."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from voxq import kinds

PACKAGE = Path(__file__).parents[2] / "src" / "voxq"

FOLDERS = ("kinds", "api/kinds", "cli/kinds")
"""Folders with a module, or a folder, for each kind: what it is, its routes, its commands."""
REGISTRY = "kinds/__init__.py"
"""The one file that names all of them, to register them."""

NAMES = {type(kind).__module__.split(".")[2]: name for name, kind in kinds.registered().items()}
"""Kinds by the name of their modules: "transcription" is registered as "asr"."""
WORDS = frozenset({"text", "voiceprint"})
"""Names of kinds that are also names of fields, where nothing is meant but the field."""
_MODULE = re.compile(r"voxq\.(?:\w+\.)?kinds\.(\w+)")


def owner_of(path: Path) -> str | None:
    """Name of the modules of the kind that a file belongs to; None if it belongs to none."""
    place = path.relative_to(PACKAGE)
    for folder in FOLDERS:
        if place.is_relative_to(folder):
            first = place.relative_to(folder).parts[0].removesuffix(".py")
            return first if first in NAMES else None
    return None


def named_in(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the kinds that a file names, each with the words that name it: modules in imports or in strings,
    names and URLs in strings."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                for imported in dict.fromkeys((module, *(f"{module}.{alias.name}" for alias in names))):
                    yield from of_modules(imported)
            case ast.Import(names=names):
                for alias in names:
                    yield from of_modules(alias.name)
            case ast.Attribute(value=ast.Name(id="kinds") | ast.Attribute(attr="kinds"), attr=str(own)):
                yield from ((own, f"kinds.{own}") for own in [own] if own in NAMES)
            case ast.Constant(value=str(text)):
                yield from of_modules(text)
                yield from (
                    (own, repr(text))
                    for own, name in NAMES.items()
                    if (text == name and name not in WORDS) or f"/{name}/" in text
                )


def of_modules(text: str) -> Iterator[tuple[str, str]]:
    for found in _MODULE.finditer(text):
        if found[1] in NAMES:
            yield found[1], found[0]


def test_nothing_else_names_a_kind_and_no_kind_names_another() -> None:
    found = [
        f"{path.relative_to(PACKAGE)} names {words}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != PACKAGE / REGISTRY
        for own, words in dict.fromkeys(named_in(ast.parse(path.read_text("utf-8"))))
        if own != owner_of(path)
    ]
    assert found == []


def test_every_kind_has_its_modules() -> None:
    for own, name in NAMES.items():
        kind = kinds.find(name)
        assert all(module.startswith(f"voxq.api.kinds.{own}.") for module in kind.routes)
        commands = import_module(f"voxq.cli.kinds.{own}").COMMANDS
        assert all(command.place.startswith(f"voxq.cli.kinds.{own}.") for command in commands)
    for folder in FOLDERS:
        files = (PACKAGE / folder).rglob("*.py")
        assert {owner_of(path) for path in files} >= NAMES.keys(), f"{folder} is about kinds"


def test_the_check_would_find_every_name() -> None:
    lines = {
        "from voxq.kinds import speech": "speech",
        "from voxq.kinds.transcription import X": "transcription",
        "import voxq.kinds.transcription as x": "transcription",
        "from voxq.api.kinds.speech.openai import form": "speech",
        "from voxq import kinds; kinds.speech.SPEECH": "speech",
        "import voxq; voxq.kinds.speech.SPEECH": "speech",
        "import_module('voxq.cli.kinds.speech.command')": "speech",
        "kind == 'asr'": "transcription",
        "f'/api/v1/tts/result/{id}'": "speech",
    }
    for line, own in lines.items():
        assert {each for each, _ in named_in(ast.parse(line))} == {own}, line
    assert list(named_in(ast.parse("from voxq.speech import audio; setting = 'tts_device'"))) == []


def test_the_first_step_of_each_kind_works_on_the_media_processes_chunks() -> None:
    for kind in kinds.registered().values():
        first, *others = kind.steps
        assert not first.optional and first.source is None
        known = {first.name}
        for step in others:
            assert step.source is None or step.source in known, "a step works on one before it"
            known.add(step.name)
