"""The running service as seen from the command line: its HTTP API as functions."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote

import httpx

from voxq.settings import Settings
from voxq.up.instance import running_instance
from voxq.up.stack import api_url

Json = dict[str, Any]

ENDED = frozenset({"done", "failed", "cancelled"})
_TIMEOUT = httpx.Timeout(30, read=120)


class ServiceError(Exception):
    """The service said no or is not there; the message says which and why."""


class Service:
    """A client of one API. Its methods raise ServiceError, and are safe to call from several threads."""

    def __init__(self, url: str, key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # A proxy from the environment must not get between us and a service on this machine.
        self._http = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT, trust_env=False)
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def is_there(self) -> bool:
        """Whether a VoxQ answers at this address, ready or not."""
        try:
            return "model_loaded" in self._http.get("/api/v1/health", timeout=2).json()
        except (httpx.HTTPError, ValueError, TypeError):
            return False

    def submit(self, path: Path, options: Mapping[str, str], on_bytes: Callable[[int], object]) -> Json:
        """Upload a recording, streamed from disk; `on_bytes` gets the size of each piece sent."""
        try:
            with _Counted(path, on_bytes) as file:
                return self._json(
                    "POST", "/api/v1/asr/submit", data=dict(options), files={"audio": (path.name, file)}
                )
        except OSError as error:
            raise ServiceError(f"{path}: {error.strerror}") from None

    def result(self, task_id: str, wait: float = 0) -> Json:
        """The task as it is now, or when it has ended if that is within `wait` (<= 60) seconds."""
        return self._json("GET", f"/api/v1/asr/result/{quote(task_id, safe='')}", params={"wait": wait})

    def rendered(self, task_id: str, format: str) -> str:
        """A done task's transcript as "text", "srt", "vtt", "json" or "verbose_json"."""
        path = f"/api/v1/asr/result/{quote(task_id, safe='')}"
        return self._send("GET", path, params={"format": format}).text

    def queue(self) -> Json:
        return self._json("GET", "/api/v1/asr/queue/status")

    def history(self, limit: int, status: str | None = None) -> list[Json]:
        """The latest ended tasks, newest first."""
        params = {"limit": limit} | ({"status": status} if status else {})
        return self._json("GET", "/api/v1/asr/history", params=params)["records"]

    def retry(self, task_id: str) -> Json:
        """Queue a failed task again."""
        return self._json("POST", f"/api/v1/asr/retry/{quote(task_id, safe='')}")

    def delete(self, task_id: str) -> None:
        """Withdraw, stop or remove a task, as its state allows."""
        self._send("DELETE", f"/api/v1/asr/task/{quote(task_id, safe='')}")

    def _json(self, method: str, path: str, **request: Any) -> Json:
        response = self._send(method, path, **request)
        try:
            return cast(Json, response.json())
        except ValueError:
            raise ServiceError(f"{self.url} does not answer like VoxQ.") from None

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise ServiceError(f"{self.url} does not answer ({type(error).__name__}).") from None
        if response.is_success:
            return response
        raise ServiceError(_reason(response))


def find_service(settings: Settings, url: str | None) -> Service | None:
    """The service at `url`, else the stack on STORAGE_PATH, else whatever VoxQ is at API_HOST:API_PORT.

    None without any; raises ServiceError if nothing is at a `url` that was asked for.
    """
    key = next(iter(settings.keys), None)
    running = running_instance(settings.run_dir)
    service = Service(url or (running.api_url if running else api_url(settings)), key)
    if service.is_there() or running is not None:
        return service
    if url is not None:
        raise ServiceError(f"No VoxQ answers at {url}.")
    return None


def the_service(settings: Settings, url: str | None) -> Service:
    """As `find_service`, but raises ServiceError when there is none."""
    service = find_service(settings, url)
    if service is None:
        raise ServiceError(
            f"No VoxQ answers at {api_url(settings)}. Start one with 'voxq up', or give --url."
        )
    return service


class _Counted(io.BufferedReader):
    """A file that tells how much of it was read."""

    def __init__(self, path: Path, on_bytes: Callable[[int], object]) -> None:
        super().__init__(io.FileIO(path), 1 << 18)
        self._on_bytes = on_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._on_bytes(len(data))
        return data


def _reason(response: httpx.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        body = {}
    answer = cast(Json, body) if isinstance(body, dict) else {}
    if not (said := answer.get("error")):
        return f"HTTP {response.status_code} {response.reason_phrase}"
    there = answer.get("models")
    return f"{said}. There are: {', '.join(map(str, there))}." if isinstance(there, list) else str(said)
