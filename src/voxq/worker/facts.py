"""What `/health` and `/stats` know of a worker."""

from __future__ import annotations

import os
import time
from typing import Any

from voxq.engines.base import EngineRequest
from voxq.worker.horse_link import HorseLink


def facts(
    worker_id: int, request: EngineRequest, horse: HorseLink, *, held: int, is_stopping: bool
) -> dict[str, Any]:
    """As JSON, told with every heartbeat."""
    loaded = horse.loaded
    return {
        "id": worker_id,
        "state": _state(horse, is_stopping),
        "engine": request.engine,
        "model": request.model,
        "device": request.device,
        "pid": os.getpid(),
        "beat": time.time(),
        "held": held,
        "rtf": round(loaded.cost.per_second, 4) if loaded else None,
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
