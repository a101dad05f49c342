"""The stamp in a model directory, which lists its expected files so that checking it is cheap."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

NAME = ".voxq.json"


@dataclass(frozen=True, slots=True)
class Stamp:
    """Expected content of an installed directory: path -> size in bytes, and the revision of the whole.

    `origin` is "packages", "npm" or the name of a hub.
    """

    revision: str
    origin: str
    files: dict[str, int]

    def write(self, directory: Path) -> None:
        (directory / NAME).write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, directory: Path) -> Stamp | None:
        """Read the stamp of a directory; None if there is no readable one."""
        try:
            return cls(**json.loads((directory / NAME).read_text()))
        except (OSError, ValueError, TypeError):
            return None


def is_complete(directory: Path) -> bool:
    """Whether all stamped files exist with their sizes; checksums at each start would take seconds."""
    stamp = Stamp.read(directory)
    return stamp is not None and all(
        (directory / name).is_file() and (directory / name).stat().st_size == size
        for name, size in stamp.files.items()
    )


def clear_but(directory: Path, wanted: Collection[str]) -> None:
    """Remove every file whose path in the directory is not in `wanted`."""
    for path in directory.rglob("*"):
        if path.is_file() and path.relative_to(directory).as_posix() not in wanted:
            path.unlink()


def revision_of(directory: Path) -> str:
    """Identify the content of a model directory by its stamp, else by its files' names, sizes and times."""
    if stamp := Stamp.read(directory):
        return stamp.revision
    files = sorted(
        (file.name, file.stat().st_size, file.stat().st_mtime_ns)
        for file in directory.iterdir()
        if file.is_file()
    )
    return sha256(repr(files).encode()).hexdigest()
