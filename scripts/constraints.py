#!/usr/bin/env python3
"""Print the pins of pyproject.toml as a constraints file, for pip install -c and uv tool install -c."""

from __future__ import annotations

import tomllib
from pathlib import Path


def main() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
    print("\n".join(project["tool"]["uv"]["constraint-dependencies"]))


if __name__ == "__main__":
    main()
