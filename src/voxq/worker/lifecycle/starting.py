"""Starting a claimed task: from its id to a run."""

from __future__ import annotations

import time

from loguru import logger

from voxq.core import killpoint
from voxq.core.task import Task
from voxq.kinds.work import ModelUnavailable
from voxq.queue.claiming import Claimed
from voxq.worker.disk_trouble import DiskWarnings
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.lifecycle.claims import Claims
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.lifecycle.run_factory import RunFactory
from voxq.worker.lifecycle.stages import Stages
from voxq.worker.runs.task_runs import TaskRuns


class RunStarter:
    """Starts the task runs of one worker."""

    def __init__(
        self,
        task_runs: TaskRuns,
        factory: RunFactory,
        claims: Claims,
        endings: RunEndings,
        blame: Blame,
        stages: Stages,
        disk_warnings: DiskWarnings,
        worker_id: int,
    ) -> None:
        self._task_runs = task_runs
        self._factory = factory
        self._claims = claims
        self._endings = endings
        self._blame = blame
        self._stages = stages
        self._disk_warnings = disk_warnings
        self._worker_id = worker_id

    def take_on(self, claimed: Claimed, place: int) -> bool:
        """Begin with a task, unless it has ended or cannot be done here. `place`: its position among those
        claimed with it, from 1. False if the disk cannot be read or written: the task is back in its lane, or
        its claim expires."""
        mine = self._task_runs.get(claimed.task_id)
        if mine is not None:  # Redis lost the claim, and another process queued the task again
            self._endings.reclaim(mine)
            return True
        try:
            found = self._factory.find(claimed)
        except OSError as error:
            self._disk_warnings.about(error)
            return False
        if found is None:
            logger.error("task={} is queued, but the journal here does not know it", claimed.task_id)
            self._claims.drop(claimed)
            return True
        task, has_ended = found
        if has_ended:  # Redis came back in an earlier state
            self._endings.resume(task)
            return True
        return self._begin(task, claimed, place)

    def _begin(self, task: Task, claimed: Claimed, place: int) -> bool:
        try:
            task_run = self._factory.make(task, claimed.execution)
        except ModelUnavailable as error:
            return self._endings.refuse(task, str(error))
        except OSError as error:
            self._disk_warnings.about(error)
            self._claims.release([task])
            return False
        task_run.last_served = time.monotonic()
        self._task_runs.add(task_run)
        self._stages.begin(task_run)  # at once: it need not wait for Redis, and nobody else has the claim
        # Without an answer it is worked on all the same: a heartbeat will register it.
        if claimed.run != task.run and self._claims.register(task_run) is False:
            self._endings.forget(task_run)
            return True
        killpoint.reached("W2")
        if task_run.was_alone_at_death:
            self._blame.record_worker_death(task_run)
        if task_run not in self._task_runs or task_run.outcome is not None:
            return True
        logger.info(
            "Worker-{} task={} status=started queue_position={} lane={}",
            self._worker_id,
            task.short_id,
            place,
            task.lane,
        )
        return True
