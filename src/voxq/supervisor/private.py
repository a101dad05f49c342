"""Writing of small files that only their owner may read."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace the file atomically, readable and writable by its owner only. For one writer at a time."""
    # A fixed name, so that the next writer removes what a killed one left.
    beside = path.with_name(f".{path.name}.tmp")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    beside.rename(path)
