"""Layers of VoxQ: dependencies point in one direction, from upper parts to lower ones."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "voxq"

LAYERS = (
    {"cli", "testing"},
    {"api", "worker", "supervisor"},
    {"webhooks", "metrics"},
    {"parts"},
    {"recovery"},
    {"tasks"},
    {"queue", "model_catalogue", "logging"},
    {"settings"},
    {"kinds"},
    {"storage", "processes"},
    {"engines"},
    {"llm"},
    {"core"},
    {"rewriting", "speakers", "voiceprints"},
    {"model_store", "speech", "machine"},
    {"back_off", "extras", "one_line", "pins", "program"},
    {"locale"},
)
"""Layers, the uppermost first. Parts of one layer do not import each other."""

DEPTH = {part: depth for depth, parts in enumerate(LAYERS) for part in parts}


def part_of(path: Path) -> str:
    """Part of VoxQ that a file belongs to: its package, or the file itself."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def known_to(path: Path) -> Iterator[str]:
    """Yield the parts that a file imports from, also within functions and for type checkers only."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.ImportFrom(module="voxq", names=names):
                modules = [f"voxq.{alias.name}" for alias in names]
            case ast.ImportFrom(module=str(module)):
                modules = [module]
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case _:
                continue
        yield from (module.split(".")[1] for module in modules if module.startswith("voxq."))


def test_dependencies_point_down() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__"]
    assert {part_of(path) for path in files} == DEPTH.keys(), "each part has its layer"
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {part}"
        for path in files
        for part in known_to(path)
        if part != part_of(path) and DEPTH[part] <= DEPTH[part_of(path)]
    ]
    assert wrong == []


def test_imports_between_files_have_no_cycles() -> None:
    """Check that imports have no cycles, also indirect ones."""
    files = {module_of(path): path for path in PACKAGE.rglob("*.py")}
    TopologicalSorter({name: known_files(path, files) for name, path in files.items()}).prepare()


@pytest.mark.parametrize("package", ["api", "worker"])
def test_imports_between_folders_have_no_cycles(package: str) -> None:
    """Check for cycles between the folders of a package; files beside the folders are not counted."""
    files = {module_of(path): path for path in PACKAGE.rglob("*.py")}
    root = PACKAGE / package
    folders = {
        name: path.relative_to(root).parts[0]
        for name, path in files.items()
        if path.is_relative_to(root) and path.parent != root
    }
    known: dict[str, set[str]] = {}
    for name, folder in folders.items():
        others = {folders[each] for each in known_files(files[name], files) if each in folders}
        known.setdefault(folder, set()).update(others - {folder})
    assert len(known) > 1
    TopologicalSorter(known).prepare()


def test_only_parts_py_imports_storage_adapters() -> None:
    """Everybody else works with the ports: another adapter is one more file, and one more choice."""
    files = {module_of(path): path for path in PACKAGE.rglob("*.py")}
    adapters = {
        name
        for name, path in files.items()
        if (path.parent / "port.py").exists() and path.stem not in ("__init__", "port")
    }
    assert {"voxq.storage.journal.files", "voxq.storage.blobs.files"} <= adapters
    knowing = {name for name, path in files.items() if known_files(path, files) & adapters}
    assert knowing - adapters == {"voxq.parts"}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def known_files(path: Path, files: Collection[str]) -> set[str]:
    """Files that this one imports, or imports from."""
    known: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                parts = {f"{module}.{alias.name}" for alias in names}
                known |= {part if part in files else module for part in parts}
            case ast.Import(names=names):
                known |= {alias.name for alias in names}
            case _:
                continue
    return known & set(files) - {module_of(path)}
