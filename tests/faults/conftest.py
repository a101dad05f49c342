"""Real workers for fault tests, which always end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from worker_lab import WorkerLab

MakeLab = Callable[..., WorkerLab]


@pytest.fixture
def make_lab(tmp_path: Path, redis_url: str) -> Iterator[MakeLab]:
    """Return a function that makes the test's lab; its arguments are settings of the workers."""
    labs: list[WorkerLab] = []

    def make(**settings: object) -> WorkerLab:
        labs.append(WorkerLab(tmp_path, str(settings.pop("redis_url", redis_url)), **settings))
        return labs[-1]

    yield make
    for lab in labs:
        lab.close()
