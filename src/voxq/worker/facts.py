"""What `/health`, `/stats` and estimates know of a worker."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from typing import Any

from voxq.worker.assignment import Assignment
from voxq.worker.horse_link import HorseLink
from voxq.worker.plan import WorkPlan


def facts(
    worker_id: int, plan: WorkPlan, horse: HorseLink, held: Collection[Assignment], *, is_stopping: bool
) -> dict[str, Any]:
    """As JSON, told with every heartbeat. `seconds_left`: of the engine, for all that it holds."""
    loaded = horse.loaded
    typical = plan.traits.chunking.target
    return {
        "id": worker_id,
        "state": _state(horse, is_stopping),
        "engine": plan.request.engine,
        "model": plan.request.model,
        "device": plan.request.device,
        "pid": os.getpid(),
        "beat": time.time(),
        "held": len(held),
        "seconds_left": round(sum(assignment.work_left(horse.cost) for assignment in held), 3),
        "rtf": round(loaded.cost.predict(typical) / typical, 4) if loaded else None,
        "horse_rss_mb": loaded.rss_mb if loaded else None,
        "load_seconds": round(loaded.seconds, 2) if loaded else None,
        "error": horse.error,
    }


def _state(horse: HorseLink, is_stopping: bool) -> str:
    if is_stopping:
        return "stopping"
    if horse.error is not None:
        return "failed"
    # A horse that is replaced after a crash leaves the service ready: it loaded before, it will again.
    return "ready" if horse.loaded is not None else "loading"
