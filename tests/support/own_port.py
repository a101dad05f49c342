"""Ports for test servers whose port is chosen before they listen, or that restart on the same port."""

from __future__ import annotations

import os
import random

from voxq.supervisor.ports import is_free

_LOWEST, _BEYOND = 10_000, 32_000
"""Range below the ports that Linux gives to outgoing connections, so that none blocks a restarted server."""


def _candidates() -> range:
    """Ports of this process; other processes of the same pytest-xdist run have others."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    neighbours = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return range(_LOWEST + number % neighbours, _BEYOND, neighbours)


_untried = iter(random.sample(_candidates(), len(_candidates())))


def own_port() -> int:
    """Find a free loopback port that no other test of this run gets."""
    return next(port for port in _untried if is_free("127.0.0.1", port))
