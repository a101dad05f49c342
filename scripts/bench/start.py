"""Start: time of commands, and of the service until it answers and is ready; its memory when idle.

Commands run as a shell runs them, `--help` at a terminal, the others beside a running service. `voxq up`
starts with default settings, an empty storage directory and the packaged model; times run from its exec.
`/livez` tells that the API answers, `/health` that a task would be worked on. Processor time is that of all
processes of the service until then. Memory is read once nothing happens any more, and again after one voice
note: PSS counts shared pages once in all, RSS for each process. Medians of three starts and of five runs of a
command, after one more whose time does not count.
"""

from __future__ import annotations

import json
import os
import pty
import resource
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from _ended import ended
from _figures import Figure, Target, median, over_rounds
from _memory import Weight, weigh_family
from _meter import family_seconds
from _recordings import word

from voxq.settings import Settings
from voxq.supervisor.ports import free_port

_ROUNDS = 3
_COMMAND_ROUNDS = 5
_PATIENCE = 120.0
_LOOK_EVERY = 0.01
_CALM_SECONDS = 3.0
"""Seconds after the service is ready, or has done its task, until its memory is read."""

VOXQ = str(Path(sys.executable).with_name("voxq"))
_COMMANDS: Mapping[str, Sequence[str]] = {
    "voxq --version": ("--version",),
    "voxq queue": ("queue",),
    "voxq queue list": ("queue", "list"),
    "voxq history": ("history",),
    "voxq models": ("models",),
    "voxq engines": ("engines",),
    "voxq transcribe --help": ("transcribe", "--help"),
}
_HELP, _COMMAND = Target("<=", 0.3), Target("<=", 0.6)


@dataclass(frozen=True, slots=True)
class Start:
    """One start of `voxq up`; times in seconds from its exec."""

    alive: float
    ready: float
    processor: float
    """Processor time of all its processes until it was ready."""


def measure(say: Callable[[str], None]) -> list[Figure]:
    starts: list[Start] = []
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own:
        say("starting the API alone")
        apis = [_api_start(Path(own) / f"api-{number}") for number in range(_ROUNDS)]
        for number in range(1, _ROUNDS):
            say(f"voxq up, start {number} of {_ROUNDS}")
            environ = _environ(Path(own) / f"up-{number}")
            with _running(["up", "--json"], environ) as process:
                starts.append(_start(process, environ))
        say(f"voxq up, start {_ROUNDS} of {_ROUNDS}")
        environ = _environ(Path(own) / "up")
        with _running(["up", "--json"], environ) as process:
            starts.append(_start(process, environ))
            time.sleep(_CALM_SECONDS)
            idle = weigh_family(psutil.Process(process.pid))
            say("commands")
            commands = list(_commands(environ))
            say("a voice note")
            _transcribe(word(Path(own)), environ)
            time.sleep(_CALM_SECONDS)
            used = weigh_family(psutil.Process(process.pid))
    return [
        *commands,
        over_rounds("voxq api: exec to first /livez", apis, "s", Target("<=", 0.5)),
        over_rounds("voxq up: exec to first /livez", [each.alive for each in starts], "s"),
        over_rounds("voxq up: exec to ready", [each.ready for each in starts], "s", Target("<=", 5)),
        over_rounds("voxq up: processor time until ready", [each.processor for each in starts], "s"),
        *_memory("idle", idle, Target("<=", 450)),
        *_memory("after a note", used),
    ]


def _environ(storage: Path) -> dict[str, str]:
    """Environment of a service of its own, without the settings of this machine."""
    settings = {name.upper() for name in Settings.model_fields}
    others = {name: value for name, value in os.environ.items() if name.upper() not in settings}
    others.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages have compiled modules
    return {**others, "API_PORT": str(free_port()), "STORAGE_PATH": str(storage), "VOXQ_LANG": "en"}


@contextmanager
def _running(arguments: Sequence[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as directory:  # without a file of settings
        process = subprocess.Popen(
            [VOXQ, *arguments],
            cwd=directory,
            env=dict(environ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with ended(process):
            yield process


def _start(process: subprocess.Popen[bytes], environ: Mapping[str, str]) -> Start:
    began = time.monotonic()
    _until(process, f"http://127.0.0.1:{environ['API_PORT']}/livez")
    alive = time.monotonic() - began
    _until(process, f"http://127.0.0.1:{environ['API_PORT']}/health")
    return Start(alive, time.monotonic() - began, family_seconds(psutil.Process(process.pid)))


def _api_start(storage: Path) -> float:
    # Nothing answers at this address: the API lives without a server, and says so.
    environ = _environ(storage) | {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    with _running(["api"], environ) as process:
        began = time.monotonic()
        _until(process, f"http://127.0.0.1:{environ['API_PORT']}/livez")
        return time.monotonic() - began


def _until(process: subprocess.Popen[bytes], url: str) -> None:
    """Wait until this address answers with 200. Raises RuntimeError if the process ends, or never does."""
    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"{url} does not answer") from None
            time.sleep(_LOOK_EVERY)


def _commands(environ: Mapping[str, str]) -> Iterator[Figure]:
    yield _times("voxq --help", _rounds(["--help"], environ, at_terminal=True), _HELP)
    for name, arguments in _COMMANDS.items():
        yield _times(name, _rounds(arguments, environ), _COMMAND)


def _rounds(
    arguments: Sequence[str], environ: Mapping[str, str], *, at_terminal: bool = False
) -> Sequence[tuple[float, float]]:
    """Run a command several times, after one time that does not count."""
    each = [_once(arguments, environ, at_terminal=at_terminal) for _ in range(_COMMAND_ROUNDS + 1)]
    return each[1:]


def _times(name: str, rounds: Sequence[tuple[float, float]], target: Target) -> Figure:
    processor = median([used for _, used in rounds])
    return over_rounds(
        name, [wall for wall, _ in rounds], "s", target, f"{processor:.2f} s of processor time"
    )


def _once(
    arguments: Sequence[str], environ: Mapping[str, str], *, at_terminal: bool = False
) -> tuple[float, float]:
    """Run a command; returns its time and processor time in seconds. Raises RuntimeError if it fails."""
    outer, inner = pty.openpty() if at_terminal else (-1, subprocess.DEVNULL)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    try:
        code = subprocess.run([VOXQ, *arguments], env=dict(environ), stdout=inner, stderr=inner).returncode
    finally:
        if at_terminal:
            os.close(inner)
            os.close(outer)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code != 0:
        raise RuntimeError(f"voxq {' '.join(arguments)} ended with status {code}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _transcribe(note: Path, environ: Mapping[str, str]) -> None:
    url = f"http://127.0.0.1:{environ['API_PORT']}"
    done = subprocess.run(
        [VOXQ, "transcribe", str(note), "--url", url, "--json"],
        env=dict(environ),
        capture_output=True,
        timeout=_PATIENCE,
    )
    if done.returncode != 0 or json.loads(done.stdout)[0]["status"] != "done":
        raise RuntimeError("the note was not transcribed")


def _memory(when: str, weights: Mapping[str, Weight], target: Target | None = None) -> Iterator[Figure]:
    for name, weight in weights.items():
        note = f"RSS {weight.rss:.0f} MB" + (f"; {weight.processes} of them" if weight.processes > 1 else "")
        yield Figure(f"{when}: {name}: PSS", weight.pss, "MB", note=note)
    total = sum(weight.pss * weight.processes for weight in weights.values())
    number = sum(weight.processes for weight in weights.values())
    yield Figure(f"{when}: whole service: PSS", total, "MB", target, note=f"{number} processes")


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
