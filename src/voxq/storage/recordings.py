"""The recordings on disk, by stored name. A client's file name never gets here."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from voxq.core.task import is_task_id


@dataclass(frozen=True, slots=True)
class Recording:
    """One stored file; `modified` in seconds since the epoch."""

    name: str
    modified: float

    @property
    def task_id(self) -> str:
        return self.name.partition(".")[0]


class Recordings:
    """`directory` holds the recordings, `incoming` the uploads not accepted yet; one filesystem."""

    def __init__(self, directory: Path, incoming: Path) -> None:
        self._directory = directory
        self._incoming = incoming
        for each in (directory, incoming):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, name: str) -> Path:
        """Raises ValueError for a name that this service did not give."""
        task_id, _, extension = name.partition(".")
        if not (is_task_id(task_id) and extension.isascii() and extension.isalnum()):
            raise ValueError("not a stored name")
        return self._directory / name

    def part(self, name: str) -> Path:
        """Where an upload is written before it is accepted."""
        return self._incoming / f"{name}.part"

    def keep(self, part: Path, name: str, *, fsync: bool) -> None:
        """The last half of write step S1: the upload becomes the recording `name`."""
        part.chmod(0o600)
        os.utime(part)  # looking into it may have taken minutes; retention spares what has just come
        part.replace(self.path(name))
        if fsync:
            fd = os.open(self._directory, os.O_RDONLY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def share(self, name: str, other: str) -> bool:
        """Give the file of one task to another, too, as `other`. False if it is gone, or `other` is there.

        Both count as new: they are one file by two names. Raises OSError.
        """
        try:
            os.link(self.path(name), self.path(other))
            os.utime(self.path(other))
        except (FileNotFoundError, FileExistsError):
            return False
        return True

    def stat(self, name: str) -> os.stat_result:
        """Of the file itself: what a link leads to, or a FIFO that nobody writes to, is no recording.

        Raises FileNotFoundError, OSError, or ValueError for a name that this service did not give.
        """
        found = self.path(name).lstat()
        if not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(errno.ENOENT, "no file", name)
        return found

    def exists(self, name: str) -> bool:
        with contextlib.suppress(ValueError, FileNotFoundError):
            self.stat(name)
            return True
        return False

    def remove(self, name: str) -> None:
        with contextlib.suppress(ValueError):
            self.path(name).unlink(missing_ok=True)

    def remove_of(self, task_id: str) -> None:
        """Remove the recording of a task, whatever its format."""
        if is_task_id(task_id):
            for path in self._directory.glob(f"{task_id}.*"):
                path.unlink(missing_ok=True)

    def all(self) -> list[Recording]:
        """Every recording, oldest first."""
        found = []
        with os.scandir(self._directory) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_file(follow_symlinks=False) and is_task_id(entry.name.partition(".")[0]):
                        found.append(Recording(entry.name, entry.stat().st_mtime))
        return sorted(found, key=lambda recording: (recording.modified, recording.name))

    def sweep(self, before: float) -> int:
        """Remove uploads that were cut off and last written before `before`; returns how many."""
        count = 0
        for part in self._incoming.glob("*.part"):
            with contextlib.suppress(FileNotFoundError):
                if part.stat().st_mtime < before:
                    part.unlink()
                    count += 1
        return count
