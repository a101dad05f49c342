"""The real API under a real uvicorn, in its own process, on a free loopback port."""

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
"""Read timeout in seconds: the longest poll, and a margin for a busy machine."""


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A running API: its address, its files, its process, and a client without proxies."""

    url: str
    storage: Path
    process: subprocess.Popen[bytes]
    http: httpx.Client

    def lab(self, client: redis.Redis) -> Lab:
        """Lab on the same storage and Redis, to do what workers and the janitor do to tasks."""
        return Lab(self.storage, client)

    def submit(self, audio: bytes = NOTE, *, key: str | None = None, **fields: str) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.http.post(
            "/api/v1/asr/submit", files={"audio": ("note", audio)}, data=fields, headers=headers
        )

    def submitted(self, audio: bytes = NOTE, **fields: str) -> str:
        """Submit a recording; returns the id of the task."""
        answer = self.submit(audio, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["task_id"]

    def parts_left(self) -> list[str]:
        """Names of uploads that have neither become recordings nor been removed."""
        return [path.name for path in (self.storage / "incoming").iterdir()]

    def log(self) -> str:
        return (self.storage / "logs" / "asr_api.log").read_text()


@contextmanager
def running_api(
    redis_url: str, directory: Path, *, by_cli: bool = False, **settings: str
) -> Iterator[ApiServer]:
    """Run an API with these settings (names as in the environment) until the end of the context.

    It already answers `/livez`, and is connected to Redis if that is available. `by_cli`: start it by `voxq
    api`, which also limits connections and the time for stopping.
    """
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
    """A small WAV file of `seconds` seconds: 8 kHz, one byte per sample."""
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
    """Make the API open its first connection to Redis, which is slow on a busy machine."""
    for _ in range(3):
        if http.get("/health").json().get("redis_connected", True):
            return
