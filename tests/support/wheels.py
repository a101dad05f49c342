"""Wheels made in tests, so that pip installs without a network."""

from __future__ import annotations

import zipfile
from importlib.metadata import distribution
from pathlib import Path


def make(directory: Path, name: str, version: str, files: dict[str, str], entry_points: str = "") -> Path:
    """A wheel with these files of Python."""
    info = f"{name}-{version}.dist-info"
    records = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if entry_points:
        records[f"{info}/entry_points.txt"] = entry_points
    everything = {**files, **records}
    lines = [f"{path},," for path in everything] + [f"{info}/RECORD,,"]
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in everything.items():
            archive.writestr(each, content)
        archive.writestr(f"{info}/RECORD", "\n".join(lines) + "\n")
    return path


def repack(directory: Path, name: str) -> Path:
    """The wheel of what is installed here."""
    installed = distribution(name)
    tags = [
        line.partition(": ")[2] for line in (installed.read_text("WHEEL") or "").splitlines() if "Tag" in line
    ]
    path = directory / f"{name}-{installed.version}-{tags[0]}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in installed.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                archive.write(Path(str(file.locate())), str(file))
    return path
