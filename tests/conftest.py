"""What tests everywhere share: a real Valkey server on a free port of the loopback."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings
from valkey_lab import server_binary

# An example may take long only because other processes do something: on its own it is never a failure.
settings.register_profile(
    "patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

# Not importorskip: it imports torch, which takes seconds in every process of pytest's.
_HAS_FUNASR = find_spec("funasr") is not None

collect_ignore_glob = [] if _HAS_FUNASR else ["integration/test_funasr*.py", "integration/test_presets.py"]


def pytest_report_header() -> str | None:
    return None if _HAS_FUNASR else "left out: the tests of the extra funasr, which is not installed"


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server for the whole run, without persistence. Tests take `redis_url` or `client`."""
    directory = tmp_path_factory.mktemp("valkey")
    for _ in range(5):  # another process may take the free port first
        port = _free_port()
        server = _start(port, directory)
        url = f"redis://127.0.0.1:{port}/0"
        if _answers(url, server):
            break
    else:
        pytest.fail("no Valkey server could be started")
    yield url
    server.kill()
    server.wait(timeout=10)


@pytest.fixture
def redis_url(valkey: str) -> str:
    """The URL of an empty database."""
    with redis.Redis.from_url(valkey) as connection:
        connection.flushall()
        connection.script_flush()
    return valkey


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of an empty database; it answers text, as this service's own clients do."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as connection:
        yield connection


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _start(port: int, directory: Path) -> subprocess.Popen[bytes]:
    options = {"bind": "127.0.0.1", "port": port, "dir": directory, "save": "", "appendonly": "no"}
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return subprocess.Popen([server_binary(), *arguments], stdout=subprocess.DEVNULL)


def _answers(url: str, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 10
    with redis.Redis.from_url(url, retry=None) as connection:
        while server.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(redis.ConnectionError):
                return bool(connection.ping())
            time.sleep(0.02)
    server.kill()
    return False
