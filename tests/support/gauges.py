"""Resource use of a stack at one moment: memory, open files, threads, Redis and disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping

import psutil
from stack import RunningStack

_MIB = 1 << 20


def gauges(stack: RunningStack) -> Mapping[str, float]:
    """Values by name, such as "worker MB" or "redis keys"; those of processes are sums per role."""
    found: dict[str, float] = {}
    for role, processes in sorted(stack.by_role().items()):
        readings = [reading for process in processes if (reading := _reading(process))]
        for name, values in zip(("MB", "files", "threads"), zip(*readings, strict=True), strict=True):
            found[f"{role} {name}"] = sum(values)
    found["redis keys"] = stack.client.dbsize()
    found["redis MB"] = stack.client.info("memory")["used_memory"] / _MIB
    found["stored files"] = sum(len(names) for _, _, names in os.walk(stack.storage))
    return found


def _reading(process: psutil.Process) -> tuple[float, float, float] | None:
    """Resident memory in MB, open descriptors and threads; None if the process has just ended."""
    with contextlib.suppress(psutil.Error):
        return process.memory_info().rss / _MIB, process.num_fds(), process.num_threads()
    return None
