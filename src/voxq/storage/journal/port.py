"""What the rest of the service asks of a journal, and what it relies on. `files` is the adapter for one
machine; another is one more module beside it, chosen in `voxq.parts` and tested by
`tests/unit/storage/test_journal_port.py`.

The write order of a task needs four guarantees, also against `kill -9` between any two instructions:

- A record is there whole or not at all, and its reader never waits for its writer.
- S2, `accept`: when it returns, the task is found by `open_task` and `open_ids` of every process, until
  `close` or `withdraw`. With durable storage it survives a power cut, too.
- S2 of a further run, `accept_again`: of several processes one wins; the others change nothing.
- E1, `end`: the first end wins. Deciding whether this run is the current one, whether it has ended already,
  and writing the end is one decision for each (id, run): of several processes exactly one gets True, and no
  later call changes what was written. An adapter for a database inserts and does nothing on a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from voxq.core.outcome import Outcome
from voxq.core.task import Task


@dataclass(frozen=True, slots=True)
class Ended:
    """One ended (task, run) as the journal holds it."""

    task: Task
    outcome: Outcome


class Journal(Protocol):
    """The records of the tasks of every kind. Every method blocks and may raise OSError; where that is all
    that happens, nothing has changed."""

    @property
    def storage(self) -> str:
        """The name of the storage that this journal is part of."""
        ...

    def accept(self, task: Task) -> None:
        """Write step S2: from here on the task ends exactly once. Replaces an open record of the same id."""
        ...

    def accept_again(self, task: Task) -> bool:
        """S2 of a further run. False while the task is open: somebody else was faster, and it is theirs alone
        to withdraw."""
        ...

    def withdraw(self, task_id: str) -> None:
        """Take back an acceptance that nobody was told of."""
        ...

    def open_task(self, task_id: str) -> Task | None:
        """The accepted task that has not been closed, or None."""
        ...

    def open_ids(self) -> list[str]:
        """Ids of all accepted tasks, oldest first."""
        ...

    def find(self, kind: str, idempotency: str, before: float) -> str | None:
        """The id of a kept task that was submitted with this Idempotency-Key, and is not open only since
        `before` (seconds since the epoch). It is for when Redis has lost its index, and may be slow."""
        ...

    def unreadable_ids(self) -> list[str]:
        """Ids of the tasks with a record that could not be read and was set aside: their files are kept."""
        ...

    def end(self, task: Task, outcome: Outcome) -> bool:
        """Write step E1. False when this run has already been ended, by anyone, or is not the current one:
        then `outcome` is void."""
        ...

    def ended(self, task_id: str, run: int) -> Ended | None:
        """How this run ended, or None if it has not."""
        ...

    def is_open(self, task: Task) -> bool:
        """Whether this run is accepted and has not ended, so that work on it makes sense."""
        ...

    def has_ended(self, task: Task) -> bool:
        """Whether this run has an end."""
        ...

    def is_known(self, task: Task) -> bool:
        """Whether the task is open or this run has ended."""
        ...

    def ended_runs(self) -> Iterator[tuple[str, int]]:
        """All (task id, run) that have an end."""
        ...

    def runs_of(self, task_id: str) -> list[int]:
        """The ended runs of one task, in order."""
        ...

    def last_end(self, task_id: str) -> Ended | None:
        """How the last of its ended runs that is readable ended."""
        ...

    def mark_told(self, task_id: str, run: int) -> None:
        """The webhook of this run knows of its end; it is not told again when Redis has forgotten that."""
        ...

    def was_told(self, task_id: str, run: int) -> bool:
        """Whether `mark_told` was called for this run, and it was not forgotten since."""
        ...

    def close(self, task_id: str) -> None:
        """The last write of a task: it is not open any more."""
        ...

    def forget(self, task_id: str, run: int) -> None:
        """Remove the record of an ended run, also one that was set aside, and its mark."""
        ...

    def sweep(self, before: float) -> None:
        """Remove unfinished writes that are older than `before` (seconds since the epoch), and the marks of
        runs that are gone."""
        ...
