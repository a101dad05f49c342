"""Results and errors from an engine, each handed to its task."""

from __future__ import annotations

import time

from voxq.core import killpoint
from voxq.engines.contract import ChunkError, Draft
from voxq.locale import Message
from voxq.processes.model.protocol import LONGEST_DRAFT, Drafted, Finished
from voxq.worker.disk_trouble import DiskWarnings
from voxq.worker.dispatch.accounting import Accounting
from voxq.worker.dispatch.out_of_memory import OutOfMemory, ran_out_of_memory
from voxq.worker.dispatch.time_limits import TimeLimits
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.lifecycle.stages import Stages
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.runs.batch import Batch, Member
from voxq.worker.runs.task_run import TaskStep
from voxq.worker.runs.task_runs import TaskRuns

_STORAGE = "storage"
_SOUND_LOST = "audio_unavailable"
_FINAL = (
    "bad_reference",
    "language_unavailable",
    "llm_context_exceeded",
    "llm_key_refused",
    "llm_no_model",
    "llm_request_refused",
    "option_unsupported",
    "unknown_voice",
)
"""Codes of errors that another try cannot change."""


class Results:
    """Handles the results of one worker's batches."""

    def __init__(
        self,
        task_runs: TaskRuns,
        limits: TimeLimits,
        accounting: Accounting,
        out_of_memory: OutOfMemory,
        stages: Stages,
        blame: Blame,
        disk_warnings: DiskWarnings,
        *,
        patience: float,
    ) -> None:
        """Take the parts it works with. `patience`: seconds to wait for a disk that accepts no data before a
        task fails."""
        self._task_runs = task_runs
        self._limits = limits
        self._accounting = accounting
        self._out_of_memory = out_of_memory
        self._stages = stages
        self._blame = blame
        self._disk_warnings = disk_warnings
        self._patience = patience

    def take(self, pooled: PooledModel, batch: Batch, finished: Finished) -> None:
        at_once = 1 + pooled.link.running
        self._accounting.charge(pooled, batch, finished.seconds, at_once=at_once)
        failure = _failure(finished)
        errors = [failure] if failure else [item for item in finished.items if isinstance(item, ChunkError)]
        is_excused = self._out_of_memory.excuses(pooled, batch, errors)
        if failure is not None:
            self._task_runs.put_back(batch)
            if not is_excused:
                self._blame.blame_batch(batch, failure.code, failure.message)
            return
        pooled.observe(batch, finished.seconds, time.monotonic())
        for member, item in zip(batch.members, finished.items, strict=True):
            if member.task_run not in self._task_runs:
                continue  # cancelled meanwhile
            if not isinstance(item, ChunkError):
                self._keep(pooled, member, item, finished.seconds * batch.share(member) / at_once)
            elif is_excused and ran_out_of_memory(item):
                member.step.chunks.give_up(member.index)
            else:
                self._on_error(member, item, is_apart=pooled.link.works_apart)
        for step in batch.steps:
            if step.task_run in self._task_runs:
                if not step.task_run.is_complete:  # or the mark goes with everything else of the task
                    step.task_run.mark_running()
                self._go_on(step)

    def note(self, batch: Batch, drafted: Drafted) -> None:
        """Note how far a chunk is."""
        member = batch.members[drafted.item]
        if member.task_run in self._task_runs:
            member.step.note(member.index, Draft(drafted.text[:LONGEST_DRAFT], drafted.share))
            self._stages.advanced(member.task_run)

    def _keep(self, pooled: PooledModel, member: Member, result: object, seconds: float) -> None:
        assert pooled.revision is not None  # the model was loaded: a batch came back
        member.step.disk_retry.over()
        self._accounting.count_result(pooled, result)
        try:
            member.step.finish(member.index, result, pooled.revision, seconds)
        except OSError as error:
            self._disk_warnings.about(error)
        killpoint.reached("W3")

    def _go_on(self, step: TaskStep) -> None:
        if self._limits.is_over(step) and not step.is_over:
            self._blame.time_out(step, self._limits.of(step))
        if step.task_run in self._task_runs:
            self._stages.advanced(step.task_run)

    def _on_error(self, member: Member, error: ChunkError, *, is_apart: bool) -> None:
        """Handle the error of one chunk, which concerns its task alone. `is_apart`: it was worked on by
        itself, so another try need not be alone in the engine."""
        step = member.step
        step.chunks.give_up(member.index)
        if error.code == _SOUND_LOST:
            if step.chunks.is_found(member.index) and not step.task_run.is_read_anew:
                self._stages.sound_lost(step)  # or it is being decoded anew already
        elif error.code == _STORAGE:
            self._wait_for_disk(step, error)
        elif error.code in _FINAL:
            self._blame.give_up(step, error.code, error.message)
        else:
            if not is_apart:
                step.chunks.suspect(member.index)
            self._blame.blame(step, error.code, error.message)

    def _wait_for_disk(self, step: TaskStep, error: ChunkError) -> None:
        """Retry a result that could not be stored: nobody is blamed for the disk."""
        self._disk_warnings.about(error.message)
        if not step.disk_retry.again(time.monotonic(), self._patience):
            self._blame.give_up(step, error.code, error.message)


def _failure(finished: Finished) -> ChunkError | None:
    """Error with which the whole call failed, or None if it did not."""
    if not finished.batch_failed:
        return None
    # A chunk that could not be read was not in the call.
    errors = [e for e in finished.items if isinstance(e, ChunkError) and e.code != _SOUND_LOST]
    return errors[0] if errors else ChunkError("engine_error", Message("The engine failed."))
