"""What comes back from an engine: results and errors, each to its task."""

from __future__ import annotations

import time

from voxq import killpoint
from voxq.engines.base import ChunkError, ChunkResult
from voxq.engines.synthesis import KeptSpeech
from voxq.worker.complaint import Complaint
from voxq.worker.engine.accidents import Accidents
from voxq.worker.engine.accounts import Accounts
from voxq.worker.engine.time_limits import TimeLimits
from voxq.worker.flow.blame import Blame
from voxq.worker.flow.departures import Departures
from voxq.worker.flow.stages import Stages
from voxq.worker.held.assignment import AnyAssignment
from voxq.worker.held.assignments import Assignments
from voxq.worker.held.batch import Batch, Member
from voxq.worker.horse.protocol import Finished
from voxq.worker.models.stall import Stall

_OUT_OF_MEMORY = "out_of_memory"
_STORAGE = "storage"
_SOUND_LOST = "audio_unavailable"
_FINAL = ("language_unavailable", "unknown_voice")
"""What another try cannot change."""


class Results:
    """Of one worker's batches."""

    def __init__(
        self,
        assignments: Assignments,
        limits: TimeLimits,
        accounts: Accounts,
        accidents: Accidents,
        stages: Stages,
        departures: Departures,
        blame: Blame,
        trouble: Complaint,
        *,
        patience: float,
    ) -> None:
        """`patience`: seconds for which a disk that takes nothing is waited for before a task fails."""
        self._assignments = assignments
        self._limits = limits
        self._accounts = accounts
        self._accidents = accidents
        self._stages = stages
        self._departures = departures
        self._blame = blame
        self._trouble = trouble
        self._patience = patience

    def take(self, stall: Stall, batch: Batch, finished: Finished) -> None:
        self._accounts.charge(stall, batch, finished.seconds)
        failure = _failure(batch, finished)
        errors = [failure] if failure else [item for item in finished.items if isinstance(item, ChunkError)]
        starved = next((error for error in errors if error.code == _OUT_OF_MEMORY), None)
        is_excused = starved is not None and self._accidents.find_memory(stall, batch, starved)
        if failure is not None:
            self._accidents.put_back(batch)
            if not is_excused:
                self._blame.accuse(batch, failure.code, failure.message)
            return
        stall.observe(batch, finished.seconds, time.monotonic())
        for member, item in zip(batch.members, finished.items, strict=True):
            if member.assignment not in self._assignments:
                continue  # cancelled meanwhile
            if not isinstance(item, ChunkError):
                self._keep(stall, member, item, finished.seconds * batch.share(member))
            elif is_excused and item.code == _OUT_OF_MEMORY:
                member.assignment.chunks.give_up(member.index)
            else:
                self._on_error(member, item)
        for assignment in batch.assignments:
            if assignment in self._assignments:
                assignment.mark_running()
                self._go_on(assignment)

    def _keep(self, stall: Stall, member: Member, result: ChunkResult | KeptSpeech, seconds: float) -> None:
        assert stall.revision is not None  # a batch came back
        member.assignment.setback.over()
        try:
            member.assignment.finish(member.index, result, stall.revision, seconds)
        except OSError as error:
            self._trouble.about(error)
        killpoint.reached("W3")

    def _go_on(self, assignment: AnyAssignment) -> None:
        if self._limits.is_over(assignment) and not assignment.needs_no_engine:
            self._departures.time_out(assignment, self._limits.of(assignment))
        else:
            self._stages.advanced(assignment)

    def _on_error(self, member: Member, error: ChunkError) -> None:
        """One chunk's error is its task's alone."""
        assignment = member.assignment
        assignment.chunks.give_up(member.index)
        if error.code == _SOUND_LOST:
            if assignment.chunks.is_found(member.index):  # or it is being decoded anew already
                self._stages.sound_lost(assignment)
        elif error.code == _STORAGE:
            self._wait_for_disk(assignment, error)
        elif error.code in _FINAL:
            self._departures.fail(assignment, error.code, error.message)
        else:
            assignment.chunks.suspect(member.index)
            self._blame.blame(assignment, error.code, error.message)

    def _wait_for_disk(self, assignment: AnyAssignment, error: ChunkError) -> None:
        """The result could not be kept, which is nobody's fault."""
        self._trouble.about(error.message)
        if not assignment.setback.again(time.monotonic(), self._patience):
            self._departures.fail(assignment, error.code, error.message)


def _failure(batch: Batch, finished: Finished) -> ChunkError | None:
    """Why the whole call failed, or None if it did not."""
    if len(finished.items) != len(batch.members):
        return ChunkError("engine_error", "The engine lost count of its chunks.")
    if not finished.batch_failed:
        return None
    # A chunk that could not be read was not in the call.
    errors = [e for e in finished.items if isinstance(e, ChunkError) and e.code != _SOUND_LOST]
    return errors[0] if errors else ChunkError("engine_error", "The engine failed.")
