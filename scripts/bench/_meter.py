"""What work costs: Redis's own count of round trips, and the processor time that the kernel counts."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Self

import psutil
import redis


@dataclass(frozen=True, slots=True)
class Trips:
    """The server's counts since its start: reads from clients (a command or a pipeline is one), commands."""

    reads: int
    commands: int

    @classmethod
    def of(cls, client: redis.Redis) -> Self:
        info = client.info("stats")
        return cls(int(info["total_reads_processed"]), int(info["total_commands_processed"]))

    def __sub__(self, earlier: Trips) -> Trips:
        return Trips(self.reads - earlier.reads, self.commands - earlier.commands)


def processor_seconds(process: psutil.Process) -> float:
    """Of this process without its children."""
    times = process.cpu_times()
    return times.user + times.system


def family_seconds(process: psutil.Process) -> float:
    """Of this process and of all below it, the dead ones included that were waited for."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just become one of the dead
            total += sum(each.cpu_times()[:4])
    return total
