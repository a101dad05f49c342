"""The API as served by `voxq api`, with its limits on connections, for clients that send raw bytes."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from own_environment import without_settings
from own_port import own_port

from voxq.settings import Settings

MEGABYTE = 1 << 20


class Served:
    """The API process, and sockets to it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, storage: Path) -> None:
        self._process = psutil.Process(process.pid)
        self._port = port
        self._incoming = storage / "incoming"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._port), timeout=30)

    def told(self, request: bytes) -> bytes:
        """Send bytes; returns the response until the server closes. Raises TimeoutError if it does not."""
        with self.connect() as client:
            client.sendall(request)
            return received(client)

    def memory(self) -> int:
        """Resident memory of the process in bytes."""
        return self._process.memory_info().rss

    def open_files(self) -> int:
        """Limit on open files of the process."""
        return self._process.rlimit(psutil.RLIMIT_NOFILE)[0]

    def arriving(self) -> int:
        """Bytes of unfinished uploads on the disk."""
        return sum(map(_size, self._incoming.iterdir()))

    def is_alive(self) -> bool:
        answer = httpx.get(f"http://127.0.0.1:{self._port}/livez", trust_env=False, timeout=30)
        return answer.status_code == 200


@contextmanager
def serving(redis_url: str, directory: Path) -> Iterator[Served]:
    """Run `voxq api` with a limit of 8 MB per upload."""
    port = own_port()
    settings = Settings(
        redis_url=redis_url,
        storage_path=directory / "storage",
        api_port=port,
        max_upload_mb=8,
        min_free_disk_mb=0,
    )
    with (directory / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "voxq.cli", "api"],
            cwd=directory,
            env=without_settings() | settings.environ(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        served = Served(process, port, settings.storage_path)
        _wait_until_alive(served, process)
        yield served
    finally:
        process.terminate()
        process.wait(60)


def _size(path: Path) -> int:
    """Size in bytes of an upload that may disappear at any moment."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def received(client: socket.socket) -> bytes:
    """Read until the server closes; raises TimeoutError if it does not."""
    answer = bytearray()
    try:
        while data := client.recv(65536):
            answer += data
    except ConnectionResetError:
        pass
    return bytes(answer)


def _wait_until_alive(served: Served, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if served.is_alive():
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the API did not start")
