"""The example of an engine in a package of its own: built, and installed without a network."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "engine-plugin"

_BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


def build_wheel(source: Path, directory: Path) -> Path:
    """The wheel of the package at `source`, in `directory`, as pip would build it."""
    copy = shutil.copytree(source, directory / "source")
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, str(directory)],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return directory / done.stdout.splitlines()[-1]


def install(wheel: Path, target: Path) -> Path:
    """What `pip install --target` does with a wheel of Python alone."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target
