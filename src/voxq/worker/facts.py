"""What `/health`, `/stats` and estimates know of a worker."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

from voxq.worker.held.assignments import Assignments
from voxq.worker.models.stable import Stable
from voxq.worker.models.stall import Stall
from voxq.worker.plan import WorkPlan


def facts(
    worker_id: int, plan: WorkPlan, stable: Stable, held: Assignments, *, is_stopping: bool
) -> dict[str, Any]:
    """As JSON, told with every heartbeat.

    Engine, model, rtf, load seconds, memory of the horse and error are the default model's; `seconds_left`:
    of the engine, for all that it holds; `batch_*`: what a batch may be now, smaller after memory ran out.
    """
    default = stable.default
    loaded = default.horse.loaded
    typical = default.plan.traits.chunking.target
    memory = stable.memory.read()
    return {
        "id": worker_id,
        "host": socket.gethostname(),
        "state": _state(stable, is_stopping),
        "engine": default.plan.request.engine,
        "model": default.name,
        "models": list(plan.names()),
        "synthesisers": list(plan.synthesisers()),
        "spoken": {name: list(languages) for name, languages in plan.spoken().items()},
        "device": plan.device,
        "pid": os.getpid(),
        "beat": time.time(),
        "held": len(held),
        "seconds_left": round(sum(a.work_left(stable.of(a.model).terms.cost) for a in held), 3),
        "rtf": round(default.terms.cost.predict(typical) / typical, 4) if loaded else None,
        "horse_rss_mb": loaded.rss_mb if loaded else None,
        "load_seconds": round(loaded.seconds, 2) if loaded else None,
        "error": default.horse.error,
        "resident": [_resident(stall) for stall in stable if stall.is_present],
        "memory": {"total_mb": memory.total_mb, "used_mb": memory.used_mb},
        "loads": stable.tally.loads,
        "load_seconds_total": round(stable.tally.load_seconds, 2),
        "switches": stable.tally.switches,
        "out_of_memory": stable.tally.out_of_memory,
    }


def _resident(stall: Stall) -> dict[str, Any]:
    return {
        "name": stall.name,
        "state": "ready" if stall.horse.is_ready else "loading",
        "memory_mb": stall.memory_mb,
        "load_seconds": round(stall.horse.loaded.seconds, 2) if stall.horse.loaded else None,
        "batch_items": stall.limits.items,
        "batch_padded_seconds": round(stall.limits.padded_seconds, 1),
    }


def _state(stable: Stable, is_stopping: bool) -> str:
    if is_stopping:
        return "stopping"
    if stable.default.horse.error is not None:
        return "failed"
    # A model that was unloaded, or whose horse crashed, leaves the service ready: it will be loaded again.
    return "ready" if stable.is_settled else "loading"
