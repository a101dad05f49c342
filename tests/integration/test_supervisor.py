"""Real processes under the supervisor."""

import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from voxq.supervisor.part import Part
from voxq.supervisor.supervisor import Supervisor

SLEEPER = "import time; time.sleep(600)"
STUBBORN = """\
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(f'up {os.getpid()}\\n', end='', flush=True)
time.sleep(600)"""


def python(name: str, code: str, stage: int = 0, **rest: object) -> Part:
    return Part(name, (sys.executable, "-c", code), stage, **rest)  # pyright: ignore[reportArgumentType]


def until(true: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.02)


class Watched:
    """A supervisor whose latest process ids are visible to tests."""

    def __init__(self, grace: float = 60, output: Path | None = None) -> None:
        self.pids: dict[str, int] = {}
        self._file = output.open("wb") if output else None
        self.supervisor = Supervisor(grace, self.pids.update, self._file)
        self.supervisor.start()

    def close(self) -> None:
        self.supervisor.hurry()
        self.supervisor.stop()
        if self._file:
            self._file.close()


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.close()


def test_a_part_that_dies_is_started_again_and_not_at_once(watched: Watched) -> None:
    watched.supervisor.add(python("a", SLEEPER))
    until(lambda: watched.pids)
    first = watched.pids["a"]
    alive = time.monotonic()
    os.kill(first, signal.SIGKILL)
    until(lambda: watched.pids["a"] != first)
    assert time.monotonic() - alive > 0.8


def test_a_program_that_cannot_start_does_not_affect_others(watched: Watched) -> None:
    watched.supervisor.add(Part("nothing", ("/nonexistent",), 0), python("b", SLEEPER))
    until(lambda: "b" in watched.pids)
    assert psutil.pid_exists(watched.pids["b"])


def test_a_death_is_reported_when_all_its_processes_have_ended(tmp_path: Path, watched: Watched) -> None:
    """A helper has outlived it, and may be in the middle of a write."""
    helper, lives, told = tmp_path / "helper", tmp_path / "lives", queue.SimpleQueue[str]()
    code = f"""\
import subprocess, sys, time
from voxq.processes import life
helper = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}], pass_fds=life.handed_on())
open({str(lives)!r}, 'a').write(life.name_of_mine() + '\\n')
open({str(helper)!r}, 'w').write(str(helper.pid) + '\\n')
time.sleep(60)"""
    watched.supervisor.add(python("a", code, on_death=told.put))
    until(lambda: helper.exists() and helper.read_text().endswith("\n"))
    left = int(helper.read_text())
    os.kill(watched.pids["a"], signal.SIGKILL)
    until(lambda: len(lives.read_text().split()) == 2)
    assert told.empty(), "its helper lives"
    os.kill(left, signal.SIGKILL)
    first, second = lives.read_text().split()
    assert told.get(timeout=120) == first != second
    assert watched.supervisor.lives() == (second,)
    assert told.empty()


def test_stages_end_in_order_each_after_the_one_before(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\nfrom time import monotonic\n"
        "def end(*_):\n    time.sleep(0.2); print(sys.argv[1], monotonic(), flush=True)\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\nprint('up', 0, flush=True)\ntime.sleep(60)"
    )
    log = tmp_path / "log"
    watched = Watched(output=log)
    for stage, name in [(2, "redis"), (0, "api"), (1, "worker")]:
        watched.supervisor.add(Part(name, (sys.executable, "-c", code, name), stage))
    try:
        until(lambda: log.read_text().count("up") == 3)
        watched.supervisor.stop()
        ends = [line.split() for line in log.read_text().splitlines() if "up" not in line]
    finally:
        watched.close()
    assert [name for name, _ in ends] == ["api", "worker", "redis"]
    times = [float(when) for _, when in ends]
    assert times[1] - times[0] >= 0.2
    assert times[2] - times[1] >= 0.2


@pytest.mark.parametrize("hurry", [False, True])
def test_a_part_that_ignores_sigterm_is_killed(tmp_path: Path, hurry: bool) -> None:
    log = tmp_path / "log"
    watched = Watched(grace=300 if hurry else 1, output=log)
    watched.supervisor.add(python("stubborn", STUBBORN))
    until(lambda: "up" in log.read_text())
    began = time.monotonic()
    if hurry:
        watched.supervisor.hurry()
    watched.supervisor.stop()
    assert time.monotonic() - began < 120
    assert not psutil.pid_exists(watched.pids["stubborn"])


def test_kill_minus_nine_of_the_supervisor_leaves_no_orphan() -> None:
    code = (
        "import sys, time\n"
        "from voxq.supervisor.part import Part\nfrom voxq.supervisor.supervisor import Supervisor\n"
        "s = Supervisor(5, lambda pids: None)\ns.start()\n"
        f"s.add(*(Part(n, (sys.executable, '-c', {STUBBORN!r}), 0) for n in 'ab'))\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout
    said = [process.stdout.readline().split() for _ in "ab"]  # past the trampoline
    process.kill()
    process.wait()
    process.stdout.close()
    until(lambda: not any(psutil.pid_exists(int(pid)) for _, pid in said))


@pytest.mark.usefixtures("open_umask")
def test_a_child_creates_owner_only_files(tmp_path: Path, watched: Watched) -> None:
    made = tmp_path / "made"
    watched.supervisor.add(python("c", f"open({str(made)!r}, 'w'); {SLEEPER}"))
    until(made.exists)
    assert made.stat().st_mode & 0o077 == 0
