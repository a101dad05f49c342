"""Search for free TCP ports of this machine."""

from __future__ import annotations

import errno
import socket


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that is free now; another process may take it before the caller does."""
    with socket.create_server((host, 0)) as server:
        return server.getsockname()[1]


def is_free(host: str, port: int) -> bool:
    """Whether this process could listen there. Raises OSError if `host` is not an address of this machine."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the last run's connections may linger
        try:
            server.bind(address)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
        return True
