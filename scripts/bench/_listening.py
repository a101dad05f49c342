"""Wait for a server that was started in a process of its own."""

from __future__ import annotations

import socket
import time

_START_SECONDS = 20.0


def wait_until_it_listens(port: int) -> None:
    """Wait until a server listens on this port of the loopback. Raises OSError after 20 s."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
