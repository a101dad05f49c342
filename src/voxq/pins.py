"""The versions of all dependencies that VoxQ was tested with: the constraints in its pyproject.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

_IN_WHEEL = "data/pyproject.toml"
"""Where the build puts pyproject.toml, see `scripts/hatch_build.py`."""


def constraints() -> tuple[str, ...]:
    """Lines of a constraints file for pip; none in a package that was built in some other way."""
    for place in (resources.files("voxq") / _IN_WHEEL, Path(__file__).parents[2] / "pyproject.toml"):
        if place.is_file():
            project = tomllib.loads(place.read_text("utf-8"))
            return tuple(project.get("tool", {}).get("uv", {}).get("constraint-dependencies", ()))
    return ()


@cache
def pins() -> dict[str, str]:
    """Version by name of the package."""
    return dict(line.split("==", 1) for line in constraints() if "==" in line)
