"""Ports for servers of tests that are named before they are listened on, or that come back after a death."""

from __future__ import annotations

import os
import random

from voxq.supervisor.ports import is_free

_LOWEST, _BEYOND = 10_000, 32_000
"""Below those that Linux gives to outgoing connections: none is in the way of a server that comes back."""


def _candidates() -> range:
    """Those of this process: its neighbours in the same run of pytest-xdist have others."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    neighbours = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return range(_LOWEST + number % neighbours, _BEYOND, neighbours)


_untried = iter(random.sample(_candidates(), len(_candidates())))


def own_port() -> int:
    """A port of the loopback that nobody listens on now and no other test of this run is told of."""
    return next(port for port in _untried if is_free("127.0.0.1", port))
