"""A disk that is full for some processes, on any machine and without any rights."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def full_disk(*pids: int, size: int = 0) -> Iterator[None]:
    """For some processes: no file can be larger than so many bytes."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    yield
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
