from __future__ import annotations

from pathlib import Path

import pytest
import redis
from task_lab import Lab, make_worker

from voxq.queue.claiming import Worker


@pytest.fixture
def lab(tmp_path: Path, client: redis.Redis) -> Lab:
    return Lab(tmp_path / "storage", client)


@pytest.fixture
def worker() -> Worker:
    return make_worker()
