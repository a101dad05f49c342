"""The name of a storage, by which those that share a Redis find out that they do not share the disk."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

OTHER_STORAGE = (
    "This Redis works for another STORAGE_PATH, where tasks of this one cannot be done: "
    "let all share one storage, or give each a Redis (or a REDIS_DB) of its own"
)

_MARK = "storage-"


def storage_id(directory: Path) -> str:
    """What `directory` was named when it was first used, by whichever process. Raises OSError."""
    path = directory / "id"
    with contextlib.suppress(FileNotFoundError):
        if name := path.read_text("ascii", "replace").strip():
            return name
        path.unlink(missing_ok=True)  # a power cut has left it empty
    beside = directory / f".{secrets.token_hex(8)}.tmp"
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(_MARK + secrets.token_hex(8))
    try:
        os.link(beside, path)
    except FileExistsError:
        pass  # somebody else was faster
    finally:
        beside.unlink()
    return path.read_text("ascii", "replace").strip()


def is_other(name: str | bytes | None, storage: str) -> bool:
    """Whether `name`, as it was found in Redis, is that of another storage. Earlier versions wrote none."""
    return isinstance(name, str) and name.startswith(_MARK) and name != storage
