"""What a worker does when an engine runs out of memory: smaller batches, then the whole device for one chunk.

Nobody is blamed while one of these may help. A chunk that does not fit alone either is charged like any other
error.
"""

from __future__ import annotations

from collections.abc import Iterable

from loguru import logger

from voxq.engines.contract import ChunkError
from voxq.metrics import catalogue
from voxq.metrics.counters import Counters
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.runs.batch import Batch

_CODE = "out_of_memory"


class OutOfMemory:
    """Finds memory for the batches of one worker."""

    def __init__(self, pool: ModelPool, blame: Blame, counters: Counters, worker_id: int) -> None:
        self._pool = pool
        self._blame = blame
        self._counters = counters
        self._worker_id = worker_id

    def excuses(self, pooled: PooledModel, batch: Batch, errors: Iterable[ChunkError]) -> bool:
        """React to the errors of a batch, if memory ran out. True if another try makes sense, with smaller
        batches or with fewer models loaded beside it."""
        error = next(filter(ran_out_of_memory, errors), None)
        if error is None:
            return False
        self._pool.tally.out_of_memory += 1
        self._counters.add(catalogue.OUT_OF_MEMORY, pooled.name)
        (step, *_) = batch.steps
        if len(batch.members) > 1:
            pooled.shrink(batch)
            logger.warning(
                "Worker-{} model={} out of memory: batches of at most {:.1f} s from now on",
                self._worker_id,
                pooled.name,
                pooled.limits.padded_seconds,
            )
        elif not step.had_device_alone and self._pool.unload_others(pooled):
            step.had_device_alone = True
        else:
            return False
        self._blame.record_incident(batch.task_runs, error.code, error.message)
        return True


def ran_out_of_memory(error: ChunkError) -> bool:
    """Whether a chunk has no result because memory ran out."""
    return error.code == _CODE
