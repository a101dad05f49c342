"""Complete service for one measurement: its own server, worker, API, storage and port."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import redis
from rq.suspension import resume, suspend

from voxq.queue import connect
from voxq.settings import Settings, load_settings
from voxq.supervisor.instance import running_instance
from voxq.supervisor.ports import free_port
from voxq.supervisor.stack import Stack

_READY_SECONDS = 180.0
_HEARTBEAT = 1.5
"""Seconds within which a worker notices that it is suspended."""


@dataclass(frozen=True, slots=True)
class Service:
    """A ready service. `settings` are those of its parts, including the address of its server."""

    settings: Settings
    url: str
    redis_url: str

    @property
    def submit_url(self) -> str:
        return f"{self.url}/api/v1/asr/submit"

    def redis(self) -> redis.Redis:
        """Create a client of the server."""
        return connect.blocking(self.redis_url)

    def process(self, part: str) -> psutil.Process:
        """Current process of "api", "worker-1" or "valkey"."""
        return psutil.Process(_processes(self.settings)[part])

    def suspend_workers(self) -> None:
        """Let the workers finish their tasks and take no more, as with `rq suspend`."""
        with self.redis() as client:
            suspend(client)
        time.sleep(_HEARTBEAT)

    def resume_workers(self) -> None:
        with self.redis() as client:
            resume(client)
        time.sleep(_HEARTBEAT)


@contextmanager
def service(**changed: Any) -> Iterator[Service]:
    """Run a service with default settings except those `changed`; afterwards all of its files are deleted.

    Raises StackError if it cannot start, and RuntimeError at the end if a part has died meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as directory:
        own: dict[str, Any] = {
            "redis_url": None,
            "redis_host": None,
            "storage_path": Path(directory) / "storage",
            "api_host": "127.0.0.1",
            "api_port": free_port(),
            "max_queue_seconds": 10**9,  # a full queue would end the measurement
        }
        settings = load_settings(Path(os.devnull), **(own | changed))
        with Stack(settings, output=Path(directory) / "parts.log") as stack:
            stack.wait_ready(_READY_SECONDS)
            known = settings.model_copy(update={"redis_url": stack.redis_url})
            parts = _processes(settings)
            yield Service(known, stack.api_url, stack.redis_url)
            if _processes(settings) != parts:
                raise RuntimeError("a part of the service died and was restarted: the figures are void")


def _processes(settings: Settings) -> dict[str, int]:
    """Current process id of each part. Raises RuntimeError if nothing runs."""
    instance = running_instance(settings.run_dir)
    if instance is None:
        raise RuntimeError("the service has ended")
    return instance.pids
