"""An engine in an environment of its own, whose packages contradict ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
import wheels
from own_environment import without_settings
from valkey_lab import RedisServer
from worker_lab import NOTE, WorkerLab, wait_for

from voxq.core.task import Status

SUPPORT = Path(__file__).parent.parent / "support"


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a directory of environments in which the real command has installed "contrary", without a
    network."""
    root = tmp_path_factory.mktemp("environments")
    shelf = root / "wheels"
    shelf.mkdir()
    wheels.repack(shelf, "numpy")
    wheels.make(shelf, "redis", "99.0", {"redis/__init__.py": "__version__ = '99.0 of another world'\n"})
    source = (SUPPORT / "contrary_engine.py").read_text("utf-8")
    entry = "[voxq.engines]\ncontrary = contrary_engine:FAMILY\n"
    wheels.make(shelf, "contrary_engine", "1.0", {"contrary_engine.py": source}, entry)
    done = voxq(root, "install", "contrary", "contrary_engine", "redis==99.0", PIP_FIND_LINKS=str(shelf))
    assert done.returncode == 0, done.stderr
    return root / "engines"


def voxq(root: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    ours = {"VOXQ_ENGINES": str(root / "engines"), "PIP_NO_INDEX": "1", "STORAGE_PATH": str(root / "storage")}
    return subprocess.run(
        [sys.executable, "-m", "voxq.cli", "engines", *arguments],
        cwd=root,
        env={**without_settings(), **ours, **env},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def lab(tmp_path: Path, engines: Path) -> Iterator[WorkerLab]:
    server = RedisServer(tmp_path / "redis")
    lab = WorkerLab(tmp_path, server.url, asr_model="contrary", engine_plugins="contrary", max_attempts=2)
    lab.worker(VOXQ_ENGINES=str(engines))
    yield lab
    lab.close()
    server.kill()


def test_an_isolated_engine_uses_its_own_packages(lab: WorkerLab, engines: Path) -> None:
    (outcome,) = lab.wait_for_ends([lab.submit(NOTE)], 120)
    assert (outcome.status, outcome.text) == (Status.DONE, "99.0 of another world")
    assert redis.__version__ != "99.0 of another world"
    (process,) = model_processes(lab)
    assert Path(process.cmdline()[0]) == engines / "contrary" / "bin" / "python"


def test_killing_an_isolated_engine_fails_no_task(lab: WorkerLab) -> None:
    lab.wait_for_ends([lab.submit(NOTE)], 120)
    (process,) = model_processes(lab)
    os.kill(process.pid, signal.SIGKILL)
    tasks = [lab.submit(NOTE, f"word{number}") for number in range(3)]
    assert {outcome.status for outcome in lab.wait_for_ends(tasks, 120)} == {Status.DONE}
    wait_for(lambda: [each.pid for each in model_processes(lab)] != [process.pid], "another process")


@pytest.mark.parametrize(
    ("fault", "code"), [("die", "engine_crashed"), ("lie", "engine_error"), ("flood", "engine_crashed")]
)
def test_errors_of_an_isolated_engine_fail_only_its_task(lab: WorkerLab, fault: str, code: str) -> None:
    bad, good = lab.submit(NOTE, fault), lab.submit(NOTE)
    first, second = lab.wait_for_ends([bad, good], 120)
    assert (first.status, first.code) == (Status.FAILED, code)
    assert second.status is Status.DONE
    lab.assert_ended_once([bad, good])


def test_an_isolated_engine_is_listed_and_can_be_removed(engines: Path, tmp_path: Path) -> None:
    root = engines.parent
    assert '"name": "contrary"' in voxq(root, "list", "--json").stdout
    assert "not used" in voxq(root, "list").stdout
    failed = voxq(root, "install", "broken", "no-such-package-anywhere")
    assert failed.returncode == 1 and "pip could not install" in failed.stderr
    assert "Traceback" not in failed.stderr
    again = voxq(tmp_path, "remove", "contrary")
    assert again.returncode == 1 and "no" in again.stderr.lower()


def model_processes(lab: WorkerLab) -> list[psutil.Process]:
    children = psutil.Process(lab.workers[0].pid).children(recursive=True)
    return [each for each in children if any("standalone.py" in word for word in each.cmdline())]
