"""Facts about a worker for `/health`, `/stats` and estimates."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from typing import Any

from voxq.engines.contract import Capability
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.plan import WorkPlan
from voxq.worker.runs.task_runs import TaskRuns


@dataclass(frozen=True, slots=True)
class Facts:
    """Source of the facts about one worker."""

    worker_id: int
    channel: str
    """Channel on which it listens for as long as it lives, see `voxq.queue.workers`."""
    plan: WorkPlan
    pool: ModelPool
    task_runs: TaskRuns

    def now(self, *, is_stopping: bool) -> dict[str, Any]:
        """Facts of this moment as a JSON object, sent with every heartbeat.

        Engine, model, load seconds, memory of the model process and error are those of the default model, and
        so is rtf, if that model recognises; `seconds_left`: predicted engine seconds for all tasks of the
        worker; `batch_*`: current batch limits, smaller after memory ran out.
        """
        plan, pool = self.plan, self.pool
        default = pool.default
        loaded = default.link.loaded
        is_recogniser = default.plan.capability is Capability.RECOGNISE
        typical = default.plan.traits.chunking.target
        rtf = default.terms.cost.predict(typical) / typical
        costs = {model.name: pool.of(model).terms.cost for model in self.task_runs.plans}
        steps = [step for task_run in self.task_runs for step in task_run.steps if not step.is_over]
        seconds_left = sum(step.work_left(costs[step.model.name]) for step in steps)
        memory = pool.memory.read()
        return {
            "id": self.worker_id,
            "channel": self.channel,
            "host": socket.gethostname(),
            "state": _state(pool, is_stopping),
            "is_loaded": any(pooled.link.is_ready for pooled in pool),
            "engine": default.plan.request.engine,
            "model": default.name,
            "models": list(plan.names(Capability.RECOGNISE)),
            "synthesisers": list(plan.names(Capability.SPEAK)),
            "rewriters": list(plan.names(Capability.REWRITE)),
            "embedders": list(plan.names(Capability.EMBED)),
            "spoken": {name: list(languages) for name, languages in plan.spoken().items()},
            "device": plan.device,
            "pid": os.getpid(),
            "beat": time.time(),
            "held": len(self.task_runs),
            "seconds_left": round(seconds_left, 3),
            "rtf": round(rtf, 4) if loaded and is_recogniser else None,
            "horse_rss_mb": loaded.rss_mb if loaded else None,
            "load_seconds": round(loaded.seconds, 2) if loaded else None,
            "error": default.link.error,
            "resident": [_resident(pooled) for pooled in pool if pooled.is_present],
            "memory": {"total_mb": memory.total_mb, "used_mb": memory.used_mb},
            "loads": pool.tally.loads,
            "load_seconds_total": round(pool.tally.load_seconds, 2),
            "switches": pool.tally.switches,
            "out_of_memory": pool.tally.out_of_memory,
        }


def _resident(pooled: PooledModel) -> dict[str, Any]:
    tuning = pooled.plan.tuning
    best = tuning.best if tuning else None
    return {
        "name": pooled.name,
        "state": "ready" if pooled.link.is_ready else "loading",
        "memory_mb": pooled.memory_mb,
        "load_seconds": round(pooled.link.loaded.seconds, 2) if pooled.link.loaded else None,
        "batch_items": pooled.limits.items,
        "batch_padded_seconds": round(pooled.limits.padded_seconds, 1),
        "replicas": pooled.limits.at_once,
        "speed_short": best.short if best else None,
        "speed_long": best.long if best else None,
    }


def _state(pool: ModelPool, is_stopping: bool) -> str:
    if is_stopping:
        return "stopping"
    if pool.default.link.error is not None:
        return "failed"
    return "ready" if pool.is_ready else "loading"
