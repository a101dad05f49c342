"""What the doctor says of packages in other versions than the tested ones."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path

from voxq.cli.package_checks import unpinned_packages
from voxq.pins import constraints, pins

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))


def test_the_pins_are_those_of_the_project() -> None:
    assert list(constraints()) == PROJECT["tool"]["uv"]["constraint-dependencies"]
    assert unpinned_packages(pins()) == [], "this environment was made with them"


def test_another_version_of_an_indirect_requirement_is_reported() -> None:
    tested = {**pins(), "rq": "2.11.0", "anyio": "1.0", "not-installed": "3"}
    assert unpinned_packages(tested) == [
        f"anyio {version('anyio')} (tested: 1.0)",
        f"rq {version('rq')} (tested: 2.11.0)",
    ]


def test_packages_of_others_do_not_matter() -> None:
    assert unpinned_packages({"pytest": "1.0"}) == []
