"""Audit of voiceprints: one line for each thing that was done with one, appended and never changed.

A line has the id of the voiceprint and the name of the key, and nothing of the person: it stays when the
voiceprint is deleted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voxq.core import json_bytes
from voxq.storage import records
from voxq.storage.records import Damaged

_SHAPE: records.Shape = {"at": float, "action": str, "voiceprint_id": str, "by": str}


@dataclass(frozen=True, slots=True)
class Audited:
    """Something that was done: when (seconds since the epoch), what, and with whose key."""

    at: float
    action: str
    by: str


class Audit:
    """Lines about all voiceprints, in one file. Every method blocks, and may raise OSError."""

    def __init__(self, path: Path, *, fsync: bool = False) -> None:
        self._path = path
        self._fsync = fsync

    def add(self, action: str, voiceprint_id: str, by: str) -> None:
        """Append a line in one write, so that lines of several processes do not mix."""
        record = {"at": time.time(), "action": action, "voiceprint_id": voiceprint_id, "by": by}
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = records.open_file(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(descriptor, json_bytes.dumps(record) + b"\n")
            if self._fsync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def of(self, voiceprint_id: str) -> Iterator[Audited]:
        """Iterate over the lines about one voiceprint, the oldest first."""
        try:
            lines = records.read(self._path).splitlines()
        except (FileNotFoundError, Damaged):
            return
        for record in records.parse_lines(lines, _SHAPE):
            if record["voiceprint_id"] == voiceprint_id:
                yield Audited(record["at"], record["action"], record["by"])
