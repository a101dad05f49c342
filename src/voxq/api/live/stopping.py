"""Early notice of signals that stop the process.

A server ends the lifespan only after every request has been answered, which long polls would delay for as
long as they may wait.
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
    """Inside the context, a signal to stop also calls `heard` in the running event loop.

    The server's own handlers still run. Outside the main thread, where no signals arrive, it does nothing.
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
