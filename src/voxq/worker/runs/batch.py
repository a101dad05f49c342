"""Batches: chunks that go through the engine together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voxq.worker.runs.task_run import TaskRun, TaskStep


@dataclass(frozen=True, slots=True)
class Member:
    """One chunk of a batch."""

    step: TaskStep
    index: int

    @property
    def task_run(self) -> TaskRun:
        return self.step.task_run

    @property
    def seconds(self) -> float:
        return self.step.chunks[self.index].seconds


@dataclass(frozen=True, slots=True)
class Batch:
    """Chunks given to an engine at once. `predicted` in engine seconds; a suspect is the only member of its
    batch."""

    id: str
    members: tuple[Member, ...]
    predicted: float
    is_suspect: bool

    @classmethod
    def of(cls, batches: Sequence[Batch]) -> Batch | None:
        """Make one of several that an engine worked on at the same time; None of none."""
        if len(batches) < 2:
            return batches[0] if batches else None
        members = tuple(member for batch in batches for member in batch.members)
        return cls(batches[0].id, members, sum(batch.predicted for batch in batches), is_suspect=False)

    @property
    def task_runs(self) -> tuple[TaskRun, ...]:
        """Tasks of the batch, each once, in order."""
        return tuple(dict.fromkeys(member.task_run for member in self.members))

    @property
    def steps(self) -> tuple[TaskStep, ...]:
        """Steps of the batch, each once, in order."""
        return tuple(dict.fromkeys(member.step for member in self.members))

    def share(self, member: Member) -> float:
        """Fraction of the batch's engine time that a member is charged, by length."""
        total = sum(each.seconds for each in self.members)
        return member.seconds / total if total else 1 / len(self.members)
