"""Places of the environments of engines, under VOXQ_ENGINES."""

from __future__ import annotations

import os
import re
from pathlib import Path

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
"""What families are called."""
DESCRIPTION = "voxq-engine.json"
"""File of an environment that is complete."""


def root() -> Path:
    """Return $VOXQ_ENGINES, or ~/.cache/voxq/engines by default."""
    return Path(os.environ.get("VOXQ_ENGINES") or "~/.cache/voxq/engines").expanduser()


def directory_of(name: str) -> Path | None:
    """Return the directory of a family's environment; None if it is not installed."""
    if not NAME.fullmatch(name):
        return None
    directory = root() / name
    return directory if (directory / DESCRIPTION).is_file() else None
