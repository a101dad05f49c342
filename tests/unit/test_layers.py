"""The parts of VoxQ depend on each other in one direction: what is above knows what is below, never back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "voxq"

LAYERS = (
    {"cli"},
    {"api", "worker", "up"},
    {"webhooks", "metrics"},
    {"tasks", "media", "offer", "logging"},
    {"settings", "messages"},
    {"engines", "child", "device_memory"},
    {"models", "speech", "devices", "redis_check", "addresses", "life", "strict_json", "killpoint"},
)
"""The best informed first. Parts of one layer do not know each other."""

DEPTH = {part: depth for depth, parts in enumerate(LAYERS) for part in parts}


def part_of(path: Path) -> str:
    """The package, or the single file, that a file of VoxQ belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def known_to(path: Path) -> Iterator[str]:
    """The parts that a file imports from, also within functions and for type checkers only."""
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
