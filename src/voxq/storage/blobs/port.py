"""What the rest of the service asks of the storage of large files, and what it relies on. `files` is the
adapter for one machine; another is one more module beside it, chosen in `voxq.parts` and tested by
`tests/unit/storage/test_blobs_port.py`.

A blob has a stored name, `<task id>.<extension>`, that this service gave it; a client's file name never gets
here. The write order of a task needs three guarantees:

- S1 and W4, `keep`: a blob is there whole under its name or not at all. When it returns, every process finds
  it; with durable storage it survives a power cut, too.
- What is kept under a name that is taken replaces it in one step: a run that was done twice writes the same
  bytes, and whoever reads meanwhile reads one of the two.
- `remove` of a blob never breaks who is reading it from `path` on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from voxq.core.task import is_task_id


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """One kept blob; `modified` in seconds since the epoch: when it was kept."""

    name: str
    modified: float

    @property
    def task_id(self) -> str:
        return task_id_of(self.name)


def task_id_of(name: str) -> str:
    """The task that a stored name belongs to."""
    return name.partition(".")[0]


def check_name(name: str) -> str:
    """The name, if this service can have given it. Raises ValueError."""
    task_id, _, extension = name.partition(".")
    if not (is_task_id(task_id) and extension.isascii() and extension.isalnum()):
        raise ValueError("not a stored name")
    return name


class Blobs(Protocol):
    """The blobs of all tasks, by stored name. Every method blocks and may raise OSError."""

    def part(self, name: str) -> Path:
        """Where on this machine an upload called `name`, which nobody else uses, is written before it is
        kept."""
        ...

    def keep(self, part: Path, name: str) -> None:
        """Make the finished file `part` the blob `name`; it is gone from its place then. Raises ValueError
        for a name that this service did not give."""
        ...

    def path(self, name: str) -> Path:
        """Where the blob can be read on this machine, and is never written; no file is there if there is no
        blob. Raises ValueError for a name that this service did not give."""
        ...

    def exists(self, name: str) -> bool:
        """Whether there is such a blob. What somebody else has put in its place, and is no file, is none."""
        ...

    def share(self, name: str, other: str) -> bool:
        """Give the blob of one task to another, too, as `other`. False if it is gone, or `other` is there.
        Both count as new, and each is removed for itself."""
        ...

    def take(self, name: str, to: Path) -> None:
        """Move a blob out, to a file of this machine. Raises FileNotFoundError, or ValueError."""
        ...

    def remove(self, name: str) -> None:
        """Remove a blob; nothing happens if there is none."""
        ...

    def remove_of(self, task_id: str) -> None:
        """Remove every blob that is called after this task."""
        ...

    def all(self) -> list[StoredBlob]:
        """Every blob, oldest first."""
        ...

    def sweep(self, before: float) -> int:
        """Remove uploads that were cut off and last written before `before` (seconds since the epoch);
        returns how many."""
        ...
