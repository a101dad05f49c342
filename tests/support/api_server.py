"""The real API under a real uvicorn, in a process of its own, on a free port of the loopback."""

from __future__ import annotations

import io
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import evidence
import httpx
import redis
from own_environment import without_settings
from own_port import own_port
from task_lab import Lab

RECORDINGS = Path(__file__).parent.parent / "data" / "audio"
NOTE = (RECORDINGS / "zh_note.ogg").read_bytes()
"""Ten seconds of speech, OGG/Opus."""
_PATIENCE = 100.0
"""Seconds without a byte: more than the longest poll, and then what a busy machine may need."""


@dataclass(frozen=True, slots=True)
class ApiServer:
    """Where it listens and keeps its files, its process, and a client without proxies."""

    url: str
    storage: Path
    process: subprocess.Popen[bytes]
    http: httpx.Client

    def lab(self, client: redis.Redis) -> Lab:
        """The same storage and Redis from the inside: what workers and the janitor do to tasks."""
        return Lab(self.storage, client)

    def submit(self, audio: bytes = NOTE, *, key: str | None = None, **fields: str) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.http.post(
            "/api/v1/asr/submit", files={"audio": ("note", audio)}, data=fields, headers=headers
        )

    def submitted(self, audio: bytes = NOTE, **fields: str) -> str:
        """The id of a new task."""
        answer = self.submit(audio, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["task_id"]

    def parts_left(self) -> list[str]:
        """Uploads that are neither recordings nor gone."""
        return [path.name for path in (self.storage / "incoming").iterdir()]

    def log(self) -> str:
        return (self.storage / "logs" / "asr_api.log").read_text()


@contextmanager
def running_api(
    redis_url: str, directory: Path, *, by_cli: bool = False, **settings: str
) -> Iterator[ApiServer]:
    """An API with these settings (names as in the environment), answering `/livez` already and connected to
    a Redis that is there. `by_cli`: by `voxq api`, which also limits connections and how long it stops."""
    storage = directory / "storage"
    port = own_port()
    environ = without_settings() | {
        "REDIS_URL": redis_url,
        "STORAGE_PATH": str(storage),
        "MIN_FREE_DISK_MB": "0",
        **settings,
    }
    command = [sys.executable, "-m", "uvicorn", "voxq.api.app:app", "--port", str(port)]
    if by_cli:
        command, environ["API_PORT"] = [sys.executable, "-m", "voxq.cli", "api"], str(port)
    process = subprocess.Popen(
        command, cwd=directory, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    evidence.watch(storage)
    try:
        with httpx.Client(base_url=url, trust_env=False, timeout=_PATIENCE) as http:
            _wait_until_alive(http, process)
            yield ApiServer(url, storage, process, http)
    finally:
        evidence.unwatch(storage)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)


def tone(seconds: float) -> bytes:
    """A WAV file of so many seconds, small: 8 kHz, one byte a sample."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(1)
        writer.setframerate(8000)
        writer.writeframes(bytes(range(100, 150)) * int(seconds * 160))
    return file.getvalue()


def _wait_until_alive(http: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            http.get("/livez")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            _connect(http)
            return
    raise AssertionError("the API did not start")


def _connect(http: httpx.Client) -> None:
    """Let it make its first connection to Redis, which takes a busy machine longer than any later answer."""
    for _ in range(3):
        if http.get("/health").json().get("redis_connected", True):
            return
