"""Blobs as files of one directory of this machine, or of one that all machines share."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from voxq.core.task import is_task_id
from voxq.storage import records
from voxq.storage.blobs.port import Blobs, StoredBlob, check_name, task_id_of


class FileBlobs(Blobs):
    """Blobs in `directory`, and uploads that are not accepted yet in `incoming`, on the same file system.

    With `fsync`, a kept blob survives a power cut and not only the death of processes.
    """

    def __init__(self, directory: Path, incoming: Path, *, fsync: bool = False) -> None:
        self._directory = directory
        self._incoming = incoming
        self._fsync = fsync
        for each in (directory, incoming):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)

    def part(self, name: str) -> Path:
        return self._incoming / f"{name}.part"

    def keep(self, part: Path, name: str) -> None:
        part.chmod(0o600)
        os.utime(part)  # probing may have taken minutes, and retention spares new files
        part.replace(self.path(name))
        if self._fsync:
            records.sync_directory(self._directory)

    def path(self, name: str) -> Path:
        return self._directory / check_name(name)

    def exists(self, name: str) -> bool:
        # The path itself, without following links: a link, or a FIFO without a writer, is no blob.
        with contextlib.suppress(ValueError, FileNotFoundError):
            return stat.S_ISREG(self.path(name).lstat().st_mode)
        return False

    def share(self, name: str, other: str) -> bool:
        try:
            os.link(self.path(name), self.path(other))
            os.utime(self.path(other))
        except (FileNotFoundError, FileExistsError):
            return False
        return True

    def take(self, name: str, to: Path) -> None:
        self.path(name).replace(to)

    def remove(self, name: str) -> None:
        with contextlib.suppress(ValueError):
            self.path(name).unlink(missing_ok=True)

    def remove_of(self, task_id: str) -> None:
        if is_task_id(task_id):
            for path in self._directory.glob(f"{task_id}.*"):
                path.unlink(missing_ok=True)

    def all(self) -> list[StoredBlob]:
        found = []
        with os.scandir(self._directory) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_file(follow_symlinks=False) and is_task_id(task_id_of(entry.name)):
                        found.append(StoredBlob(entry.name, entry.stat().st_mtime))
        return sorted(found, key=lambda blob: (blob.modified, blob.name))

    def sweep(self, before: float) -> int:
        count = 0
        for part in self._incoming.glob("*.part"):
            with contextlib.suppress(FileNotFoundError):
                if part.stat().st_mtime < before:
                    part.unlink()
                    count += 1
        return count
