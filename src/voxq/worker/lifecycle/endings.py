"""How tasks leave a worker: ended, handed back, or taken over by another process.

An end is decided on disk at once (write step E1) and published with the others of the same turn of the loop
(E2, E3); `voxq.tasks.ending` has the order. Nothing here waits for Redis or the log: what cannot be written
now is tried again each second, and the janitor publishes what a dead worker has left.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial

from loguru import logger

from voxq.core.outcome import Outcome, Timings, elapsed
from voxq.core.task import Status, Task
from voxq.parts import Parts
from voxq.queue.claiming import Worker
from voxq.storage.journal.port import Ended
from voxq.worker.disk_trouble import DiskWarnings
from voxq.worker.lifecycle.claims import Claims
from voxq.worker.media.media_work import MediaWork
from voxq.worker.redis_link import RedisLink
from voxq.worker.runs.task_run import TaskRun
from voxq.worker.runs.task_runs import TaskRuns


class RunEndings:
    """Ends the tasks of one worker. A task stays in `TaskRuns` until its end is on disk; meanwhile nothing
    works on it."""

    def __init__(
        self,
        task_runs: TaskRuns,
        parts: Parts,
        claims: Claims,
        redis_link: RedisLink,
        identity: Worker,
        media: MediaWork,
        disk_warnings: DiskWarnings,
        worker_id: int,
    ) -> None:
        self._task_runs = task_runs
        self._journal = parts.journal
        self._work = parts.work
        self._ending = parts.ending(redis_link.client)
        self._claims = claims
        self._redis_link = redis_link
        self._identity = identity
        self._media = media
        self._disk_warnings = disk_warnings
        self._worker_id = worker_id
        self._decided: list[Ended] = []
        self._unpublished: deque[Task] = deque()

    # Ended.

    def complete(self, task_run: TaskRun) -> None:
        """End a task whose work is done. What it keeps, and a file that it made, is put in its place first
        (write step W4)."""
        try:
            reason = task_run.conclude()
        except OSError as error:
            self._disk_warnings.about(error)
            return
        if reason is not None:
            self.fail(task_run, *reason)
            return
        if task_run.output is not None and task_run.output.path.exists():
            try:
                self._ending.keep(task_run.task, task_run.output.path)
            except OSError as error:
                self._disk_warnings.about(error)
                return
        self._end(task_run, task_run.done(time.time(), self._worker_id))

    def fail(self, task_run: TaskRun, code: str, error: str) -> None:
        self._end(task_run, task_run.failed(time.time(), self._worker_id, code, error))

    def cancel(self, task_run: TaskRun) -> None:
        self._end(task_run, task_run.cancelled(time.time(), self._worker_id))

    def refuse(self, task: Task, error: str) -> bool:
        """Fail a task that was not begun, because its model is not available here. False if the disk does not
        take the end now: the task is back in its lane."""
        now = time.time()
        waited = elapsed(task.accepted_at, now)
        outcome = Outcome(
            status=Status.FAILED,
            ended_at=now,
            duration=task.duration or 0.0,
            error=error,
            code="model_unavailable",
            timings=Timings(queued=waited, total=waited),
            worker_id=self._worker_id,
            model=task.model,
        )
        is_ended = self._write(task, outcome)
        if not is_ended:
            self._claims.release([task])
        return is_ended

    def resume(self, task: Task) -> None:
        """Publish the end of a task that another process decided but did not publish."""
        self._unpublished.append(task)
        self.publish()

    def announce(self) -> None:
        """Publish all ends that were decided since the last call, together."""
        if not self._decided:
            return
        decided, self._decided = self._decided, []
        if not self._tell(partial(self._ending.announce, decided, self._identity)):
            self._unpublished.extend(end.task for end in decided)
        for end in decided:  # now: clients may be waiting for the results that were just published
            self._log(end.task, end.outcome)

    # What could not be written a moment ago.

    def try_again(self) -> None:
        """End the tasks whose end the disk did not accept, and publish the ends that Redis and the log do not
        know yet."""
        for task_run in self._task_runs:
            if task_run.outcome is not None:
                self._end(task_run, task_run.outcome)
            elif task_run.is_complete:
                self.complete(task_run)
        self.publish()

    def publish(self) -> None:
        """Publish the ends that are on disk and that Redis and the log do not know yet."""
        for _ in range(len(self._unpublished)):
            if self._redis_link.is_resting:
                return
            task = self._unpublished.popleft()
            if not self._tell(partial(self._ending.publish, task, self._identity)):
                self._unpublished.append(task)  # one that cannot be published now does not hold up the others
                return

    # Not ended here.

    def hand_back(self, task_run: TaskRun) -> None:
        """Hand a task back: it waits in its lane again, for this worker or another."""
        task_run.release()
        self._claims.release([task_run.task])  # without Redis its claim will expire
        self._let_go(task_run)

    def hand_back_all(self) -> int:
        """Hand back all tasks at the worker's end; finished chunks stay on disk. Returns how many wait
        again."""
        for task_run in self._task_runs:
            task_run.release()
        return self._claims.release([task_run.task for task_run in self._task_runs])

    def reclaim(self, task_run: TaskRun) -> None:
        """React to a lost claim: take the task up again if Redis has lost it, or drop it if it was
        cancelled."""
        if not self.drop_if_ended(task_run) and self._claims.register(task_run) is False:
            self._drop(task_run, "another worker took it over")

    def drop_if_ended(self, task_run: TaskRun) -> bool:
        """Drop the task if another process has ended it. Returns whether it has."""
        if self._is_open(task_run.task):
            return False
        self._drop(task_run, "it ended elsewhere")
        return True

    def forget(self, task_run: TaskRun) -> None:
        """Drop a task that has ended or belongs to another worker. The process that ended it removed its
        files, but some may have been written here at that moment."""
        self._let_go(task_run)
        if not self._is_open(task_run.task):
            self._work.remove(task_run.task)

    def _is_open(self, task: Task) -> bool:
        """Whether the task is to be worked on. True where a failing disk does not tell: its end is decided
        later."""
        try:
            return self._journal.is_open(task)
        except OSError as error:
            self._disk_warnings.about(error)
            return True

    def _drop(self, task_run: TaskRun, reason: str) -> None:
        self.forget(task_run)
        logger.info(
            'Worker-{} task={} status=dropped reason="{}"', self._worker_id, task_run.task.short_id, reason
        )

    def _end(self, task_run: TaskRun, outcome: Outcome) -> None:
        """Let the task go once its end is on disk; until then it stays, and this is tried again."""
        self._media.remove(task_run)
        if self._write(task_run.task, outcome):
            self._let_go(task_run)
        else:
            task_run.outcome = outcome
            task_run.mark_running()  # nothing of it is in an engine, should the worker die meanwhile

    def _let_go(self, task_run: TaskRun) -> None:
        self._task_runs.remove(task_run)
        self._media.remove(task_run)

    def _write(self, task: Task, outcome: Outcome) -> bool:
        """Decide the end of a task, for `announce` to publish. False if the disk does not take it now: try
        again."""
        try:
            won = self._ending.decide(task, outcome)
        except OSError as error:
            self._disk_warnings.about(error)
            return False
        if not won:
            self.resume(task)
            return True
        self._decided.append(Ended(task, outcome))
        return True

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
