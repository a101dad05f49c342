"""Views of the workers' devices, combined from the reports of the workers. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from voxq.api.monitoring.workers import Memory, WorkerFacts
from voxq.api.shapes.workers import DeviceView, ResidentView


def views_of(workers: Iterable[WorkerFacts]) -> list[DeviceView]:
    """Return one view per device of each host, sorted by host and device."""
    by_device: defaultdict[tuple[str, str], list[WorkerFacts]] = defaultdict(list)
    for worker in workers:
        by_device[worker.host, worker.device].append(worker)
    return [_view(host, device, by_device[host, device]) for host, device in sorted(by_device)]


def _view(host: str, device: str, workers: Sequence[WorkerFacts]) -> DeviceView:
    # Each worker reports the memory of the whole device; the latest report counts.
    memory = next((w.memory for w in sorted(workers, key=lambda w: -w.beat) if w.memory), None)
    loads = sum(worker.loads for worker in workers)
    seconds = sum(worker.load_seconds_total for worker in workers)
    return DeviceView(
        device=device,
        host=host,
        workers=[worker.id for worker in workers],
        **_figures(memory),
        avg_load_time_seconds=round(seconds / loads, 2) if loads else None,
        total_switches=sum(worker.switches for worker in workers),
        resident=[ResidentView(**asdict(model)) for worker in workers for model in worker.resident],
    )


def _figures(memory: Memory | None) -> dict[str, float | None]:
    total, used = (memory.total_mb, memory.used_mb) if memory else (None, None)
    return {
        "total_mb": total,
        "used_mb": used,
        "free_mb": max(0.0, total - used) if total is not None and used is not None else None,
        "utilization_percent": round(100 * used / total, 1) if total and used is not None else None,
    }
