"""Voiceprints on disk: a directory for each owner with a file for each voiceprint, replaced as a whole.

A file is complete or not there, whenever a process dies, and the directory changes with each of its files: so
a reader knows from the time of the directory alone whether what it has read is still true. Writers of one
owner take turns by a lock that the system releases when they die.

Deletion has two steps. First the file loses the name, the consent and all vectors, and keeps nothing but the
tasks that are to be erased with it; readers take it for gone from then on. It is removed when that is done,
by `finish_deletion`, which can be called again after a crash; `deleted` lists what is left to do.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from voxq.core import json_bytes
from voxq.storage import records
from voxq.storage.records import Damaged
from voxq.storage.voiceprint_audit import Audit
from voxq.voiceprints.voiceprint import Voiceprint, is_id

_SETTLED_SECONDS = 0.1
"""Age from which on the time of a directory tells all of its changes apart: clocks of file systems are
coarse."""


class NoVoiceprint(LookupError):
    """There is no such voiceprint, or it is another owner's."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A voiceprint that is gone, and the tasks of which traces may remain."""

    id: str
    tasks: tuple[str, ...]
    place: Path


@dataclass(frozen=True, slots=True)
class _Read:
    """What a directory held, and its time."""

    changed: int
    voiceprints: tuple[Voiceprint, ...]


class Voiceprints:
    """Voiceprints of all owners. Every method blocks, and may raise OSError."""

    def __init__(self, directory: Path, *, fsync: bool = False) -> None:
        self._directory = directory
        self._fsync = fsync
        self._read: dict[str, _Read] = {}
        self.audit = Audit(directory / "audit.jsonl", fsync=fsync)

    def of(self, owner: str) -> tuple[Voiceprint, ...]:
        """Return the voiceprints of an owner, the oldest first. What did not change is not read again."""
        place = self._place(owner)
        try:
            changed = place.stat().st_mtime_ns
        except FileNotFoundError:
            return ()
        known = self._read.get(owner)
        if known is not None and known.changed == changed:
            return known.voiceprints
        there = [found for path in sorted(place.glob("vp_*.json")) if (found := self._load(path, owner))]
        voiceprints = tuple(sorted(there, key=lambda each: (each.created, each.id)))
        if time.time_ns() - changed > _SETTLED_SECONDS * 1e9:
            self._read[owner] = _Read(changed, voiceprints)
        return voiceprints

    def get(self, owner: str, id: str) -> Voiceprint:
        """Return a voiceprint of an owner. Raises NoVoiceprint."""
        found = self._load(self._place(owner) / f"{id}.json", owner) if is_id(id) else None
        if found is None:
            raise NoVoiceprint(id)
        return found

    def add(self, voiceprint: Voiceprint) -> None:
        """Keep a new voiceprint."""
        with self._turn(voiceprint.owner) as place:
            self._write(place, voiceprint)

    def change(self, owner: str, id: str, how: Callable[[Voiceprint], Voiceprint]) -> Voiceprint:
        """Replace a voiceprint by what `how` makes of it, and return that. Raises NoVoiceprint, or what `how`
        raises."""
        with self._turn(owner) as place:
            found = self.get(owner, id)
            changed = replace(how(found), id=found.id, owner=found.owner)
            if changed != found:
                self._write(place, changed)
            return changed

    def delete(self, owner: str, id: str) -> Deleted:
        """Erase a voiceprint, and return what is to be erased besides. Raises NoVoiceprint."""
        with self._turn(owner) as place:
            found = self.get(owner, id)
            path = place / f"{id}.json"
            self._write_record(path, {"deleted": True, "id": id, "tasks": found.tasks})
            self._read.pop(owner, None)
            return Deleted(id, found.tasks, path)

    def deleted(self) -> Iterator[Deleted]:
        """Iterate over the deletions that are not finished."""
        for path in sorted(self._directory.glob("*/vp_*.json")):
            with contextlib.suppress(Damaged, FileNotFoundError):
                record = records.parse(records.read(path))
                if records.has_shape(record, {"deleted": bool, "tasks": list}) and is_id(path.stem):
                    yield Deleted(path.stem, tuple(map(str, record["tasks"])), path)

    def finish_deletion(self, deleted: Deleted) -> None:
        """Forget a deletion, now that nothing remains of it."""
        deleted.place.unlink(missing_ok=True)

    def _place(self, owner: str) -> Path:
        return self._directory / hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @contextmanager
    def _turn(self, owner: str) -> Iterator[Path]:
        """Wait until no other process writes voiceprints of this owner."""
        place = self._place(owner)
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(place / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield place
        finally:
            os.close(lock)

    def _load(self, path: Path, owner: str) -> Voiceprint | None:
        """Read a voiceprint; None if it is deleted, damaged or another owner's."""
        try:
            record = records.parse(records.read(path))
            if not isinstance(record, dict) or "deleted" in record:
                return None
            found = _adapter().validate_python(record)
        except (Damaged, FileNotFoundError, ValueError):
            return None
        return found if found.owner == owner and found.id == path.stem else None

    def _write(self, place: Path, voiceprint: Voiceprint) -> None:
        self._write_record(place / f"{voiceprint.id}.json", _adapter().dump_python(voiceprint, mode="json"))
        self._read.pop(voiceprint.owner, None)

    def _write_record(self, path: Path, record: dict[str, Any]) -> None:
        beside = path.with_name(f".{path.name}.tmp")
        beside.unlink(missing_ok=True)  # of a writer that was killed
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(json_bytes.dumps(record))
            if self._fsync:
                file.flush()
                os.fsync(file.fileno())
        beside.rename(path)
        if self._fsync:
            records.sync_directory(path.parent)


@cache
def _adapter() -> TypeAdapter[Voiceprint]:
    return TypeAdapter(Voiceprint)
