"""Definitions of the API and the workers as parts of a stack."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from voxq.machine.devices import available_cpus, resolve_device, visible_gpus
from voxq.settings import Settings
from voxq.supervisor import orphaned_claims
from voxq.supervisor.part import Part

API_STAGE, WORKER_STAGE, REDIS_STAGE = range(3)


def api_part(settings: Settings) -> Part:
    # The reloader would run the API in a grandchild, out of the supervisor's reach.
    environ = settings.model_copy(update={"api_reload": False}).environ()
    return Part("api", _program("voxq.api"), API_STAGE, environ)


def of_each_worker(settings: Settings, count: int) -> Settings:
    """Settings of each of `count` workers: its share of the CPU cores."""
    threads = settings.asr_threads or max(1, available_cpus() // count)
    return settings.model_copy(update={"asr_threads": threads})


def worker_parts(settings: Settings, count: int | None = None, first_id: int = 1) -> Sequence[Part]:
    """Define `count` workers (default: from the settings), spread over the GPUs or sharing the CPU cores.

    Raises DeviceError if ASR_USE_GPU=true and there is no GPU.
    """
    gpus = visible_gpus() if settings.asr_use_gpu is not False else ()
    count = count or settings.worker_count(len(gpus))
    devices = [resolve_device(settings.asr_use_gpu, index, gpus) for index in range(count)]
    environ = of_each_worker(settings, count).environ()
    return [
        Part(
            f"worker-{number}",
            _program("voxq.worker", str(number), device),
            WORKER_STAGE,
            environ,
            on_death=partial(orphaned_claims.settle, settings),
        )
        for number, device in enumerate(devices, first_id)
    ]


def _program(package: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", package, *arguments)
