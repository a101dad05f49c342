"""Restarts of supervised programs."""

from __future__ import annotations

import os
import time

from voxq.supervisor.part import RESTARTS, STEADY_AFTER, Part, Running


def test_restart_pauses_grow_and_are_reset_after_a_good_run() -> None:
    running = Running(Part("brief", ("true",), stage=0), output=None, pass_fds=())
    now = 0.0
    assert running.tend(now)
    for number, uptime in enumerate([0.5] * 4, 1):
        now = _ended(running, now + uptime)
        assert running.deaths == number
        assert not running.tend(now + RESTARTS.pauses[number - 1] - 0.01)
        now += RESTARTS.pauses[number - 1]
        assert running.tend(now)
    now = _ended(running, now + STEADY_AFTER)
    assert running.tend(now + RESTARTS.pauses[0])
    assert running.wait(time.monotonic() + 10)


def _ended(running: Running, now: float) -> float:
    """Wait for the program's end and let the supervisor notice it at `now`, which is returned."""
    assert running.pid is not None
    os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
    assert not running.tend(now)
    return now
