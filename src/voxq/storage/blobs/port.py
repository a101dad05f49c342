"""Port for the storage of large files: its operations and guarantees.

`files` is the adapter for one machine. A further adapter is another module in this package, chosen in
`voxq.parts` and tested by `tests/unit/storage/test_blobs_port.py`.

A blob has a stored name, `<task id>.<extension>`, given by this service; a client's file name never gets
here. The write order of a task needs three guarantees:

- S1 and W4, `keep`: a blob exists under its name complete or not at all. When it returns, every process finds
  it; with durable storage it survives a power cut, too.
- Keeping a blob under an existing name replaces the old one in one step: a run that was done twice writes the
  same bytes, and concurrent readers get one of the two.
- `remove` of a blob never disturbs a process that is reading it from `path` on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from voxq.core.task import is_task_id


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A kept blob; `modified` is when it was kept, in seconds since the epoch."""

    name: str
    modified: float

    @property
    def task_id(self) -> str:
        return task_id_of(self.name)


def task_id_of(name: str) -> str:
    """Id of the task that a stored name belongs to."""
    return name.partition(".")[0]


def check_name(name: str) -> str:
    """Return the name if this service can have given it. Raises ValueError otherwise."""
    task_id, _, extension = name.partition(".")
    if not (is_task_id(task_id) and extension.isascii() and extension.isalnum()):
        raise ValueError("not a stored name")
    return name


class Blobs(Protocol):
    """Blobs of all tasks, by stored name. Every method blocks and may raise OSError."""

    def part(self, name: str) -> Path:
        """Path on this machine to which an upload with the unique `name` is written before it is kept."""
        ...

    def keep(self, part: Path, name: str) -> None:
        """Move the finished file `part` to the blob `name`.

        Raises ValueError for a name that this service did not give.
        """
        ...

    def path(self, name: str) -> Path:
        """Path on this machine for reading the blob, never for writing; no file exists without a blob.

        Raises ValueError for a name that this service did not give.
        """
        ...

    def exists(self, name: str) -> bool:
        """Whether the blob exists. Anything else in its place that is no regular file is no blob."""
        ...

    def share(self, name: str, other: str) -> bool:
        """Share a task's blob with another task, as `other`. Returns False if it is gone or `other` exists.

        Both count as new, and each is removed separately.
        """
        ...

    def take(self, name: str, to: Path) -> None:
        """Move a blob out, to a file of this machine. Raises FileNotFoundError, or ValueError."""
        ...

    def remove(self, name: str) -> None:
        """Remove a blob if it exists."""
        ...

    def remove_of(self, task_id: str) -> None:
        """Remove all blobs of a task."""
        ...

    def all(self) -> list[StoredBlob]:
        """List all blobs, oldest first."""
        ...

    def sweep(self, before: float) -> int:
        """Remove interrupted uploads last written before `before` (seconds since the epoch).

        Returns how many.
        """
        ...
