"""A real worker process of a test: its log, its child processes and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import IO, Self, TypeVar

import psutil

T = TypeVar("T")

_MODULES = {
    "model process": "voxq.processes.model",
    "media": "voxq.processes.media",
    "joiner": "voxq.processes.media.joiner",
}


def wait_for(condition: Callable[[], T], what: str, seconds: float = 120.0) -> T:
    """Wait for a truthy result of `condition` and return it."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    return answer


class WorkerProcess:
    """A `voxq worker` and its child processes."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        """Copy the stderr of `process`, a pipe, to the file `log`."""
        self._process = process
        self._log = log
        # A pipe, because tests make the worker unable to write files.
        self._copying = Thread(target=_copy, args=(process.stderr, log), daemon=True)
        self._copying.start()

    @classmethod
    def start(cls, arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> Self:
        """Start `voxq worker` with these arguments in the directory of `log`, which gets its output."""
        process = subprocess.Popen(
            [sys.executable, "-m", "voxq.cli", "worker", *arguments],
            cwd=log.parent,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return cls(process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def helpers(self, role: str = "") -> list[psutil.Process]:
        """Live "model process", "media" or "joiner" processes, or all child processes.

        They are found by the parent's pid in their command line, so also after its death.
        """
        modules = [_MODULES[role]] if role else list(_MODULES.values())
        return [
            process
            for process in psutil.process_iter(["cmdline", "status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE
            and _is_helper(process.info["cmdline"] or [], modules, self.pid)
        ]

    def helper(self, role: str) -> psutil.Process:
        """Wait for a child process with this role and return it."""
        return wait_for(lambda: self.helpers(role), f"a {role} process")[0]

    def slow_media(self) -> list[psutil.Process]:
        """Media processes, with the lowest priority from now on, so that a test finds them in mid-work."""
        found = self.helpers("media")
        for process in found:
            process.nice(10)
        return found

    def wait_for_log(self, text: str, seconds: float = 120.0) -> None:
        wait_for(lambda: text in self.log or self._has_said_all(), f"the log line {text!r}", seconds)
        assert text in self.log, f"the worker ended without {text!r}:\n{self.log}"

    def _has_said_all(self) -> bool:
        return not self.is_alive() and not self._copying.is_alive()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it (`kill -9`); returns when none of its processes is left."""
        self._process.kill()
        self.wait()

    def wait(self, seconds: float = 120.0) -> int:
        """Wait for its end and its complete log; returns its exit status. No child process may outlive it."""
        status = self._process.wait(seconds)
        wait_for(lambda: not self.helpers(), "the end of the worker's helpers")
        self._copying.join(60)
        return status

    def stop(self, seconds: float = 120.0) -> float:
        """Stop it as an operator does; returns the seconds it took."""
        started = time.monotonic()
        self.send(signal.SIGTERM)
        assert self.wait(seconds) == 0, self.log
        return time.monotonic() - started

    def end(self) -> None:
        """Clean up at the end of a test, whatever state the worker is in."""
        self._process.kill()
        self._process.wait(60)
        for process in self.helpers():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def _copy(source: IO[bytes], path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while data := os.read(source.fileno(), 65536):
            file.write(data)


def _is_helper(command: Sequence[str], modules: Sequence[str], parent: int) -> bool:
    """Whether a command is `python -P -m MODULE DESCRIPTOR PARENT ...` with this parent.

    The position matters, since another argument may be the same number.
    """
    return command[2:4] in [["-m", module] for module in modules] and command[5:6] == [str(parent)]
