"""Hearing early that the process is told to stop.

A server ends the lifespan only when every request has been answered, which a long poll would hold up for as
long as it may wait.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def told_to_stop(heard: Callable[[], None]) -> Iterator[None]:
    """While inside, a signal to stop also calls `heard`, in the running event loop.

    The server's own handlers go on to do what they do. Outside the main thread, where no signal arrives, it
    does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    theirs = {number: signal.getsignal(number) for number in _SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(heard)
        handler = theirs[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number, handler in theirs.items():
        if callable(handler):
            signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in theirs.items():
            if callable(handler):
                signal.signal(number, handler)
