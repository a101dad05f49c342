"""Memory use of the processes of a service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import psutil
from _service import Service

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Weight:
    """Mean memory in MB of `processes` of one kind.

    RSS counts shared pages for each process, PSS its share of them, USS only the pages that would be freed if
    the process ended.
    """

    processes: int
    rss: float
    pss: float
    uss: float


def weigh(under_test: Service) -> Mapping[str, Weight]:
    """Measure each kind of process. Raises RuntimeError if a kind has no process."""
    api, worker = under_test.process("api"), under_test.process("worker-1")
    return _weights(_parts(api, worker, under_test.process("valkey")))


def weigh_family(up: psutil.Process) -> Mapping[str, Weight]:
    """Measure each kind of process of a `voxq up`, its own among them.

    Raises RuntimeError if a kind has no process.
    """
    children = up.children()
    (api,) = (each for each in children if "voxq.api" in each.cmdline())
    (worker,) = (each for each in children if "voxq.worker" in each.cmdline())
    (valkey,) = (each for each in children if each not in (api, worker))
    return _weights([("voxq up", [up]), *_parts(api, worker, valkey)])


def _weights(kinds: Iterable[tuple[str, Sequence[psutil.Process]]]) -> Mapping[str, Weight]:
    return {name: _weight(name, processes) for name, processes in kinds}


def _parts(
    api: psutil.Process, worker: psutil.Process, valkey: psutil.Process
) -> Iterator[tuple[str, Sequence[psutil.Process]]]:
    yield "API process", [api]
    yield "API's probing processes, each", api.children()
    yield "worker: parent", [worker]
    yield "worker: media processes, each", _running(worker, "voxq.processes.media")
    yield "worker: model process (whisper-base)", _running(worker, "voxq.processes.model")
    yield "Valkey", [valkey]


def _running(parent: psutil.Process, module: str) -> list[psutil.Process]:
    return [child for child in parent.children() if module in child.cmdline()]


def _weight(name: str, processes: Sequence[psutil.Process]) -> Weight:
    if not processes:
        raise RuntimeError(f"there is no process for {name!r}")
    infos = [process.memory_full_info() for process in processes]
    rss, pss, uss = (
        sum(getattr(info, kind) for info in infos) / len(infos) / _MIB for kind in ("rss", "pss", "uss")
    )
    return Weight(len(infos), rss, pss, uss)
