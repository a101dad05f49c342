"""Processes that are killed (`kill -9`) before a chosen line of code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import voxq

_ROOT = Path(voxq.__file__).parent
_LINES_OF = tuple(f"{_ROOT / part}{os.sep}" for part in ("core", "queue", "recovery", "storage", "tasks"))
"""Directories of the code that writes the state of tasks."""


def lines_of(act: Callable[[], object]) -> int:
    """Number of lines of `_LINES_OF` that `act` executes, in a child process. Its effects are real."""
    reading, writing = os.pipe()
    assert not _died(act, None, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return int(pipe.read())


def dies_before_line(number: int, act: Callable[[], object]) -> bool:
    """Run `act` in a child process that is killed before its `number`-th line of `_LINES_OF`.

    Returns False if it finished before that. Raises AssertionError if `act` raised an error.
    """
    return _died(act, number, None)


def _died(act: Callable[[], object], number: int | None, tell: int | None) -> bool:
    # Fork without exec, because hundreds of children must be quick. Redis clients notice it and reconnect.
    child = os.fork()
    if child == 0:
        _live(act, number, tell)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "it failed by itself; see what it printed"
    return False


def _live(act: Callable[[], object], number: int | None, tell: int | None) -> None:
    lines = 0

    def on_line(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        nonlocal lines
        if event == "call":
            return on_line if frame.f_code.co_filename.startswith(_LINES_OF) else None
        if event == "line":
            lines += 1
            if lines == number:
                os.kill(os.getpid(), signal.SIGKILL)
        return on_line

    try:
        sys.settrace(on_line)
        act()
        sys.settrace(None)
        if tell is not None:
            os.write(tell, str(lines).encode())
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
