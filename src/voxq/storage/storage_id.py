"""Id of a storage, by which processes that share a Redis detect that they do not share the disk."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

OTHER_STORAGE = (
    "This Redis is used with another STORAGE_PATH, where tasks of this one cannot be processed: "
    "share one storage, or give each a Redis (or a REDIS_DB) of its own"
)

_MARK = "storage-"


def storage_id(directory: Path) -> str:
    """Read the id of the storage in `directory`, creating it at first use. Raises OSError."""
    path = directory / "id"
    with contextlib.suppress(FileNotFoundError):
        if name := path.read_text("ascii", "replace").strip():
            return name
        path.unlink(missing_ok=True)  # left empty by a power cut
    beside = directory / f".{secrets.token_hex(8)}.tmp"
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(_MARK + secrets.token_hex(8))
    try:
        os.link(beside, path)
    except FileExistsError:
        pass  # another process was faster
    finally:
        beside.unlink()
    return path.read_text("ascii", "replace").strip()


def is_other(name: str | bytes | None, storage: str) -> bool:
    """Whether `name`, as found in Redis, is the id of another storage. Earlier versions wrote no id."""
    return isinstance(name, str) and name.startswith(_MARK) and name != storage
