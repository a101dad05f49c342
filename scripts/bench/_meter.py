"""Cost of work: round trips as counted by Redis, and processor time as counted by the kernel."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Self

import psutil
import redis


@dataclass(frozen=True, slots=True)
class Trips:
    """Counts since the start of the server: reads from clients (one per command or pipeline), commands."""

    reads: int
    commands: int

    @classmethod
    def of(cls, client: redis.Redis) -> Self:
        info = client.info("stats")
        return cls(int(info["total_reads_processed"]), int(info["total_commands_processed"]))

    def __sub__(self, earlier: Trips) -> Trips:
        return Trips(self.reads - earlier.reads, self.commands - earlier.commands)


def processor_seconds(process: psutil.Process) -> float:
    """Processor time of a process without its children."""
    times = process.cpu_times()
    return times.user + times.system


def family_seconds(process: psutil.Process) -> float:
    """Processor time of a process and its descendants, including dead ones that were waited for."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended and is counted with the dead ones
            total += sum(each.cpu_times()[:4])
    return total
