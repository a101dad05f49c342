"""The script for manual pruning, as an operator runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from task_lab import Lab, done

from voxq.queue.claiming import Worker

_SCRIPT = Path(__file__).parents[3] / "scripts" / "clear_old_files.py"


def clear(lab: Lab, redis_url: str, *arguments: str) -> str:
    environment = {**os.environ, "REDIS_URL": redis_url, "STORAGE_PATH": str(lab.root)}
    command = [sys.executable, str(_SCRIPT), *arguments]
    ran = subprocess.run(
        command, env=environment, cwd=lab.root, capture_output=True, text=True, timeout=120, check=True
    )
    return ran.stdout


@pytest.fixture
def files(lab: Lab, worker: Worker) -> list[str]:
    """Make recordings of one waiting and three ended tasks, oldest first."""
    waiting, *ended = [lab.submit() for _ in range(4)]
    for task in ended:
        lab.ending.end(task, done(), worker)
    return [waiting.file, *(task.file for task in ended)]


def test_a_dry_run_only_names_what_would_be_deleted(lab: Lab, redis_url: str, files: list[str]) -> None:
    said = clear(lab, redis_url, "--dry-run", "--keep", "1")
    assert files[1] in said and files[2] in said
    assert files[0] not in said and files[3] not in said
    assert all(lab.parts.blobs.exists(file) for file in files)


def test_files_of_waiting_tasks_and_the_newest_are_kept(lab: Lab, redis_url: str, files: list[str]) -> None:
    clear(lab, redis_url, "--keep", "1")
    assert [lab.parts.blobs.exists(file) for file in files] == [True, False, False, True]
