"""Supervision of parts: restart them until told to stop, then end them stage by stage."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO

from loguru import logger

from voxq.supervisor.part import Part, Running

_LOOK_EVERY = 0.1
_KILL_WAIT = 5.0


class Supervisor:
    """A thread that starts, watches and ends every part. Only this thread touches the processes."""

    def __init__(
        self,
        grace: float,
        on_change: Callable[[dict[str, int]], None],
        output: IO[bytes] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        """`grace` is the time for a clean stop in seconds.

        `on_change` is called with name -> pid, in the supervising thread, whenever a part was started.
        """
        self._output = output
        self._pass_fds = pass_fds
        self._running: list[Running] = []
        self._grace = grace
        self._on_change = on_change
        self._stopping = threading.Event()
        self._wakeup = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, *parts: Part) -> None:
        """Start more parts and keep them running."""
        # Replaced in one atomic step, because the thread iterates over the list at the same time.
        self._running = [*self._running, *(Running(part, self._output, self._pass_fds) for part in parts)]
        self._wakeup.set()

    def deaths(self) -> int:
        """Number of deaths of the part that died most often."""
        return max((running.deaths for running in self._running), default=0)

    def lives(self) -> tuple[str, ...]:
        """Names of the lives of the parts that have an `on_death`."""
        return tuple(running.life for running in self._running if running.life is not None)

    def hurry(self) -> None:
        """Give up on a clean stop and kill the remaining parts at once."""
        self._hurry.set()
        self._request_stop()

    def stop(self) -> None:
        """End every part; returns after at most `grace` and a few seconds more."""
        self._request_stop()
        if self._thread.ident is not None:
            self._thread.join()

    def _request_stop(self) -> None:
        self._stopping.set()
        self._wakeup.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wakeup.clear()
            now = time.monotonic()
            started = False
            for running in self._running:
                try:
                    started |= running.tend(now)
                except OSError as error:  # out of processes or memory: try again at the next look
                    logger.error("cannot start {}: {}", running.part.name, error)
            if started:
                self._on_change({r.part.name: r.pid for r in self._running if r.pid is not None})
            if not self._stopping.is_set():
                self._wakeup.wait(_LOOK_EVERY)
        self._end_all()

    def _end_all(self) -> None:
        deadline = time.monotonic() + self._grace
        by_stage = sorted(self._running, key=lambda running: running.part.stage)
        stages = [list(members) for _, members in itertools.groupby(by_stage, lambda r: r.part.stage)]
        for left, members in zip(range(len(stages), 0, -1), stages, strict=True):
            # Leave a share of the time to the later stages, so that the last one can still save its data.
            now = time.monotonic()
            self._end(members, deadline if left == 1 else now + (deadline - now) * 0.6)

    def _end(self, members: Sequence[Running], deadline: float) -> None:
        for running in members:
            running.signal(signal.SIGTERM)
        left = list(members)
        while left and time.monotonic() < deadline and not self._hurry.is_set():
            left = [r for r in left if not r.wait(time.monotonic() + _LOOK_EVERY)]
        for running in left:
            logger.warning("{} does not stop by itself; killing it", running.part.name)
            running.signal(signal.SIGKILL)
        for running in left:
            running.wait(time.monotonic() + _KILL_WAIT)
