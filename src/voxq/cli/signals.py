"""SIGINT (Ctrl-C) and SIGTERM as an event."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stop_signals(again: Callable[[], None] = lambda: None) -> Iterator[threading.Event]:
    """Event that SIGINT and SIGTERM set instead of their usual effect; a second signal calls `again`."""
    stop = threading.Event()

    def handle(_number: int, _frame: object) -> None:
        if stop.is_set():
            again()
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
