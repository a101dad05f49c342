"""Chunks on their way through the engine together."""

from __future__ import annotations

from dataclasses import dataclass

from voxq.worker.held.assignment import AnyAssignment


@dataclass(frozen=True, slots=True)
class Member:
    """One chunk of a batch."""

    assignment: AnyAssignment
    index: int

    @property
    def seconds(self) -> float:
        return self.assignment.chunks[self.index].seconds


@dataclass(frozen=True, slots=True)
class Batch:
    """`predicted` in engine seconds; a suspect is the only member of its batch."""

    id: str
    members: tuple[Member, ...]
    predicted: float
    is_suspect: bool

    @property
    def assignments(self) -> tuple[AnyAssignment, ...]:
        """Each once, in order."""
        return tuple(dict.fromkeys(member.assignment for member in self.members))

    def share(self, member: Member) -> float:
        """The part of the batch's engine time that a member pays for: by length."""
        total = sum(each.seconds for each in self.members)
        return member.seconds / total if total else 1 / len(self.members)
