"""Ends of a worker's tasks: decided on disk at once, published to Redis when it is there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from loguru import logger

from voxq.core.outcome import Outcome
from voxq.core.task import Status, Task
from voxq.queue.claiming import Worker
from voxq.storage.journal.port import Ended
from voxq.tasks.ending import Ending
from voxq.worker.disk_warnings import DiskWarnings
from voxq.worker.redis_link import RedisLink


class EndPublisher:
    """Write steps E1 to E3. An end that was decided and not published is published later, here or by the
    janitor."""

    def __init__(
        self,
        ending: Ending,
        redis_link: RedisLink,
        identity: Worker,
        disk_warnings: DiskWarnings,
        worker_id: int,
    ) -> None:
        self._ending = ending
        self._redis_link = redis_link
        self._identity = identity
        self._disk_warnings = disk_warnings
        self._worker_id = worker_id
        self._unpublished: deque[Task] = deque()

    def end(self, task: Task, outcome: Outcome) -> bool:
        """Decide the end of a task and publish it. False if the disk does not take it now: try again."""
        try:
            won = self._ending.decide(task, outcome)
        except OSError as error:
            self._disk_warnings.about(error)
            return False
        if not won:
            self.resume(task)
            return True
        if not self._tell(partial(self._ending.announce, Ended(task, outcome), self._identity)):
            self._unpublished.append(task)
        self._log(task, outcome)  # now: a client may be waiting for the result that was just published
        return True

    def resume(self, task: Task) -> None:
        """Publish the end of a task that another process decided but did not publish."""
        self._unpublished.append(task)
        self.publish()

    def publish(self) -> None:
        """Publish every end that Redis and the log do not know yet, as far as they can be reached."""
        for _ in range(len(self._unpublished)):
            if self._redis_link.is_resting:
                return
            task = self._unpublished.popleft()
            if not self._tell(partial(self._ending.publish, task, self._identity)):
                self._unpublished.append(task)  # one that cannot be published now does not hold up the others
                return

    def _tell(self, publish: Callable[[], None]) -> bool:
        """Run `publish`. False: Redis or the disk does not accept it now."""
        try:
            is_told = self._redis_link.attempt(lambda: publish() or True) is not None
        except OSError as error:
            self._disk_warnings.about(error)
            return False
        if is_told:
            self._disk_warnings.is_over()
        return is_told

    def _log(self, task: Task, outcome: Outcome) -> None:
        match outcome.status:
            case Status.FAILED:
                logger.error(
                    'Worker-{} task={} error="{}"', self._worker_id, task.short_id, _past_tense(outcome)
                )
            case Status.CANCELLED:
                logger.info("Worker-{} task={} status=cancelled", self._worker_id, task.short_id)
            case _:
                logger.info(
                    "Worker-{} task={} status=completed text_length={} rtf={}",
                    self._worker_id,
                    task.short_id,
                    len(outcome.text),
                    outcome.timings.rtf,
                )


def _past_tense(outcome: Outcome) -> str | None:
    """Error in the wording that the log has always used."""
    if outcome.code != "timeout" or outcome.error is None:
        return outcome.error
    return outcome.error.replace("timeout (", "timeout after ").removesuffix(" exceeded)")
