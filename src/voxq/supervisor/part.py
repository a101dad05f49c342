"""A supervised process: its definition, its restarts and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from loguru import logger

from voxq.back_off import BackOff
from voxq.processes import parent_death
from voxq.processes.life import Life

RESTARTS = BackOff.growing(1.0, most=30.0)
"""Pauses between the end of a part and its next start."""
STEADY_AFTER = 60.0
"""Seconds after which a part counts as running well, so that its next end is the first in a row."""
_LAST_BREATH = 60.0
"""Seconds to wait for the helpers of a dead process; any left after that hang in the kernel."""


@dataclass(frozen=True, slots=True)
class Part:
    """A program of the stack. `stage` orders the shutdown: lower stages stop first.

    `orphan_signal` is sent to it when the supervisor is killed. `on_death` is called with the name of each
    life that ended by itself, once all its processes are gone, in a thread of its own.
    """

    name: str
    argv: tuple[str, ...]
    stage: int
    env: Mapping[str, str] = field(default_factory=dict)
    orphan_signal: signal.Signals = signal.SIGKILL
    on_death: Callable[[str], object] | None = None


class Running:
    """A part's process and the back-off between its starts.

    Start it from a thread that outlives it: the orphan signal fires when the *thread* that started it ends.
    """

    def __init__(self, part: Part, output: IO[bytes] | None, pass_fds: Sequence[int]) -> None:
        """`output` receives its stdout and stderr (None: inherit ours); `pass_fds` stay open in it."""
        self.part = part
        self._output = output
        self._pass_fds = pass_fds
        self._process: subprocess.Popen[bytes] | None = None
        self._life: Life | None = None
        self._started = 0.0
        self.deaths = 0
        self._ends_in_a_row = 0
        self._due = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def life(self) -> str | None:
        """Name of the last life, if the part has an `on_death`."""
        return self._life.name if self._life and self.part.on_death else None

    def tend(self, now: float) -> bool:
        """Reap the process if it died and start it if it is due; `now` is monotonic.

        Returns whether a process was started.
        """
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return False
            self._process = None
            if self._life is not None:
                self._record_worker_death(self._life)
            self.deaths += 1
            is_first = now - self._started >= STEADY_AFTER
            self._ends_in_a_row = 1 if is_first else self._ends_in_a_row + 1
            pause = RESTARTS.after(self._ends_in_a_row)
            self._due = now + pause
            logger.warning("{} ended with {}; restarting in {:.0f} s", self.part.name, ended(code), pause)
        if now < self._due:
            return False
        self._start(now)
        return True

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def wait(self, deadline: float) -> bool:
        """Wait for its end until `deadline` (monotonic) and return whether it has ended."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        self._process = None
        if self._life is not None:
            self._life.close()
        return True

    def _record_worker_death(self, life: Life) -> None:
        if self.part.on_death is None:
            life.close()
        else:  # it may block, and the other parts must be watched meanwhile
            threading.Thread(target=_tell, args=(life, self.part.on_death), daemon=True).start()

    def _start(self, now: float) -> None:
        trampoline = (
            *(sys.executable, "-I", "-S", parent_death.__file__),
            *(str(os.getpid()), str(int(self.part.orphan_signal))),
        )
        life = Life()
        with life.given() as (pipe, environ):
            self._process = subprocess.Popen(
                (*trampoline, *self.part.argv),
                env={**os.environ, **self.part.env, **environ},
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                pass_fds=[*self._pass_fds, pipe],
                start_new_session=True,  # Ctrl-C must reach only the supervisor, which orders the end
                umask=0o077,
            )
        self._life, self._started = life, now


def ended(code: int) -> str:
    """Describe an exit code in words."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"


def _tell(life: Life, on_death: Callable[[str], object]) -> None:
    try:
        if life.wait_over(_LAST_BREATH):
            on_death(life.name)
    finally:
        life.close()
