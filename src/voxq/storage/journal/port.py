"""Port for the journal: its operations and guarantees.

`files` is the adapter for one machine. A further adapter is another module in this package, chosen in
`voxq.parts` and tested by `tests/unit/storage/test_journal_port.py`.

The write order of a task needs four guarantees, also against `kill -9` between any two instructions:

- A record exists complete or not at all, and readers never wait for writers.
- S2, `accept`: when it returns, every process finds the task by `open_task` and `open_ids`, until `close` or
  `withdraw`. With durable storage it survives a power cut, too.
- S2 of a further run, `accept_again`: of several processes one wins; the others change nothing.
- E1, `end`: the first end wins. Deciding whether this run is the current one, whether it has ended already,
  and writing the end is one decision for each (id, run): of several processes exactly one gets True, and no
  later call changes what was written. An adapter for a database inserts and does nothing on a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from voxq.core.outcome import Outcome
from voxq.core.task import Task


@dataclass(frozen=True, slots=True)
class Ended:
    """Journal record of an ended (task, run)."""

    task: Task
    outcome: Outcome


class Journal(Protocol):
    """Records of tasks of all kinds.

    Every method blocks, and may raise OSError without having changed anything.
    """

    @property
    def storage(self) -> str:
        """Id of the storage that this journal is part of."""
        ...

    def accept(self, task: Task) -> None:
        """Write step S2: from now on the task will end exactly once.

        Replaces an open record of the same id.
        """
        ...

    def accept_again(self, task: Task) -> bool:
        """Write step S2 for a further run. Returns False if the task is open: then another process has
        accepted it, and only that one may withdraw it."""
        ...

    def withdraw(self, task_id: str) -> None:
        """Withdraw an accepted task whose id no client got."""
        ...

    def open_task(self, task_id: str) -> Task | None:
        """Accepted task that has not been closed, or None."""
        ...

    def open_ids(self) -> list[str]:
        """Ids of all accepted tasks, oldest first."""
        ...

    def find(self, kind: str, idempotency: str, before: float) -> str | None:
        """Find the id of a task that was submitted with this Idempotency-Key, for use when Redis has lost it.

        Ignores open tasks that were accepted after `before` (seconds since the epoch). May be slow.
        """
        ...

    def unreadable_ids(self) -> list[str]:
        """Ids of tasks with an unreadable record that was set aside; their files must be kept."""
        ...

    def end(self, task: Task, outcome: Outcome) -> bool:
        """Write step E1: end a run. Returns False, and ignores `outcome`, if the run has already ended or is
        not the current one."""
        ...

    def ended(self, task_id: str, run: int) -> Ended | None:
        """Record of the end of this run, or None if it has not ended."""
        ...

    def is_open(self, task: Task) -> bool:
        """Whether this run is accepted and has not ended, so that work on it makes sense."""
        ...

    def is_current(self, task: Task) -> bool:
        """Whether this run is the accepted one and has not been closed; it may have ended."""
        ...

    def has_ended(self, task: Task) -> bool:
        """Whether this run has an end."""
        ...

    def is_known(self, task: Task) -> bool:
        """Whether the task is open or this run has ended."""
        ...

    def ended_runs(self) -> Iterator[tuple[str, int]]:
        """Yield all (task id, run) that have ended."""
        ...

    def runs_of(self, task_id: str) -> list[int]:
        """Ended runs of a task, in order."""
        ...

    def last_end(self, task_id: str) -> Ended | None:
        """Record of the task's last ended run that is readable, or None."""
        ...

    def mark_notified(self, task_id: str, run: int) -> None:
        """Mark the webhook of this run as delivered, so that it is not repeated after Redis has lost that."""
        ...

    def was_notified(self, task_id: str, run: int) -> bool:
        """Whether `mark_notified` was called for this run, and it has not been forgotten since."""
        ...

    def close(self, task_ids: Sequence[str]) -> None:
        """Remove the open records, the last write for these tasks."""
        ...

    def forget(self, task_id: str, run: int) -> None:
        """Remove the record of an ended run, even if it was set aside, and its mark."""
        ...

    def sweep(self, before: float) -> None:
        """Remove unfinished writes older than `before` (seconds since the epoch), and marks without a
        record."""
        ...
