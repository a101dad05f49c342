"""Processes that are ended with `kill -9` between two lines of code, whichever is asked for."""

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
"""Where the state of tasks is written."""


def lines_of(act: Callable[[], object]) -> int:
    """How many lines of `_LINES_OF` it runs through, in a process of its own; it is really done."""
    reading, writing = os.pipe()
    assert not _died(act, None, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return int(pipe.read())


def dies_before_line(number: int, act: Callable[[], object]) -> bool:
    """Do it in a process of its own, which is killed when it comes to its `number`-th line of those.

    False if it was over before that. Raises AssertionError if it raised an error of its own.
    """
    return _died(act, number, None)


def _died(act: Callable[[], object], number: int | None, tell: int | None) -> bool:
    # A fork and no new program: hundreds of them have to be quick. Redis clients notice, and connect anew.
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
