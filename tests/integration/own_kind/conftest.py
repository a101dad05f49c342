"""An API and workers that know the kinds of task in `counting_kind` and `spans_kind`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_server import ApiServer, running_api
from own_environment import without_settings
from own_kind import StartWorker, Voxq
from worker_process import WorkerProcess

SUPPORT = Path(__file__).parents[2] / "support"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "VOXQ_TEST_ENGINES": "1",
        "VOXQ_TEST_KINDS": "counting_kind:COUNT,spans_kind:SPANS",
        "VOXQ_TEST_SYNTHESISER": "counting_voice:KIND",
        "VOXQ_TEST_CALLS": str(tmp_path / "calls.jsonl"),
        "PYTHONPATH": str(SUPPORT),
        "ASR_ENGINE": "counting_engine:KIND",
        "ASR_MODEL": "noop",
    }


@pytest.fixture
def api(redis_url: str, tmp_path: Path, environment: dict[str, str]) -> Iterator[ApiServer]:
    with running_api(redis_url, tmp_path, **environment) as server:
        yield server


@pytest.fixture
def worker(
    redis_url: str, tmp_path: Path, api: ApiServer, environment: dict[str, str]
) -> Iterator[StartWorker]:
    """Starts one, as often as it is called."""
    started: list[WorkerProcess] = []

    def start() -> WorkerProcess:
        environ = without_settings() | environment
        environ |= {"REDIS_URL": redis_url, "STORAGE_PATH": str(api.storage)}
        log = tmp_path / f"worker-{len(started)}.log"
        started.append(WorkerProcess.start(["--id", str(len(started) + 1), "--device", "cpu"], environ, log))
        started[-1].wait_for_log("status=ready", 120)
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture
def voxq(api: ApiServer, environment: dict[str, str], tmp_path: Path) -> Voxq:
    """Runs a command with the API's address, and returns its output."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "voxq.cli", *arguments, "--url", api.url],
            cwd=tmp_path,
            env=without_settings() | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
