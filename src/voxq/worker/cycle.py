"""The order of a worker's work: what one turn of its loop does, and what is done once a second."""

from __future__ import annotations

from collections.abc import Iterable

from voxq.worker.assembly import WorkerParts


class WorkCycle:
    """Drives the parts of one worker. Times are on the monotonic clock."""

    def __init__(self, parts: WorkerParts) -> None:
        self._parts = parts

    @property
    def next_event(self) -> float:
        """Time at which there will be something to do that no message announces."""
        parts = self._parts
        return min(
            parts.heartbeat.due,
            parts.dispatcher.next_event,
            parts.failures.deadline,
            parts.media.deadline,
            parts.stages.next_report,
        )

    def handle(self, ready: Iterable[int]) -> None:
        """Handle what has arrived on these descriptors, and what is due."""
        parts = self._parts
        parts.poller.call(ready)
        parts.model_messages.take()
        parts.failures.enforce_deadlines()
        parts.media.enforce_deadlines()
        parts.stages.take_news()
        parts.media.joining.advance()
        parts.stages.report()
        parts.endings.announce()

    def begin_more(self) -> None:
        """Claim tasks, prepare inputs and give batches to engines, as far as there is capacity for each."""
        parts = self._parts
        parts.admission.admit()
        if parts.task_runs:
            parts.tuner.stop()
        parts.media.preparation.advance()
        parts.dispatcher.feed()
        parts.endings.announce()

    def tick(self, *, is_stopping: bool = False) -> bool:
        """Do what is due once a second. Returns False if RQ does not know the worker."""
        parts = self._parts
        parts.endings.try_again()
        is_registered = parts.heartbeat.beat()
        parts.counts.send()
        parts.admission.look_again()  # wake-ups are hints, and can be lost
        if not is_stopping:
            parts.model_upkeep.look_after_models()
            if not parts.task_runs:
                parts.tuner.look()
        return is_registered
