"""HTTP client of the running service for commands."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar, cast
from urllib.parse import quote

import httpx

from voxq import kinds
from voxq.cli.console import language, tell
from voxq.locale import ENGLISH, Message, about, recognised
from voxq.settings import Settings
from voxq.supervisor.instance import running_instance

Json = dict[str, Any]
T = TypeVar("T")

ENDED = frozenset({"done", "failed", "cancelled"})
_TIMEOUT = httpx.Timeout(30, read=120)
_SUMMED = ("queued", "processing", "failed", "queued_seconds")


class ServiceError(Exception):
    """Raised if the service refuses or cannot be reached; the message says which and why."""


class NotThere(ServiceError):
    """Raised if the service does not know the task."""


class Service:
    """Client of one API. Its methods raise ServiceError and are thread-safe.

    Tasks are found by id alone, whatever their kind.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        headers = {"Accept-Language": language()} | ({"Authorization": f"Bearer {key}"} if key else {})
        # trust_env=False: a proxy from the environment must not handle requests to this machine.
        # Certificates take a while to load, and are of no use without TLS.
        is_secure = url.startswith("https:")
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=_TIMEOUT, trust_env=False, verify=is_secure
        )
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def speak(self, language: str) -> None:
        """Choose the language of the service's sentences, by default that of this command."""
        self._http.headers["Accept-Language"] = language

    def is_there(self) -> bool:
        """Whether VoxQ answers at this address, ready or not."""
        try:
            return "model_loaded" in self._http.get("/api/v1/health", timeout=2).json()
        except (httpx.HTTPError, ValueError, TypeError):
            return False

    def admits(self) -> bool:
        """Whether it takes this command's requests: with the key that it has, or without any."""
        try:
            return self._http.get("/api/v1/models").status_code not in (401, 403)
        except httpx.HTTPError as error:
            raise self._silence(error) from None

    def loading(self) -> list[str]:
        """Names of the models that workers are loading now; none if it does not say."""
        try:
            models = self._json("GET", "/api/v1/models")["models"]
            return [str(each["name"]) for each in models if _is_loading(each)]
        except (ServiceError, KeyError, TypeError):
            return []

    def pace(self, kind: str) -> float | None:
        """Seconds of work per second of sound, measured by tasks of this kind; None if there were none."""
        try:
            stats = self._json("GET", "/api/v1/stats")["kinds"][kind]
            means = (stats[span]["real_time_factor"]["mean"] for span in ("last_hour", "since_start"))
            return next((float(mean) for mean in means if mean), None)
        except (ServiceError, KeyError, TypeError):
            return None

    def submit_recording(
        self, kind: str, path: Path, options: Mapping[str, str], on_bytes: Callable[[int], object]
    ) -> Json:
        """Upload a recording, streamed from disk, for a task of this kind; `on_bytes` gets the size of each
        piece sent."""
        try:
            with _Counted(path, on_bytes) as file:
                return self._json(
                    "POST",
                    _submit_path(kind),
                    data=dict(options),
                    files={"audio": (path.name, file)},
                )
        except OSError as error:
            raise ServiceError(f"{path}: {error.strerror}") from None

    def submit_text(self, kind: str, fields: Mapping[str, Any]) -> Json:
        """Submit a text for a task of this kind; `fields` are the text, named "text", and options."""
        return self._json("POST", _submit_path(kind), json=dict(fields))

    def result(self, task_id: str, wait: float = 0, kind: str | None = None) -> Json:
        """Current state of the task, or its end if it comes within `wait` (at most 60) seconds."""
        return self._read(self._of_task("GET", "result", task_id, kind, params={"wait": wait}))

    def rendered(self, task_id: str, format: str, text: str | None = None) -> str:
        """Transcript of a finished task as "text", "srt", "vtt", "json", "verbose_json" or "diff"; of its
        "original" or "rewritten" text, if it is said which."""
        params = {"format": format} | ({} if text is None else {"text": text})
        return self._of_task("GET", "result", task_id, params=params).text

    def save_sound(self, task_id: str, file: IO[bytes], *, live: bool = False) -> None:
        """Write a task's recording, or its speech, to a file, block by block.

        With `live`, speech is written sentence by sentence while it is being made.
        """
        params = {"stream": "true"} if live else {}

        def save(kind: str) -> None:
            with self._http.stream("GET", _path(kind, "audio", task_id), params=params) as response:
                if not response.is_success:
                    response.read()
                    raise _refusal(response)
                for block in response.iter_bytes():
                    file.write(block)
                    file.flush()

        try:
            _of_any_kind(save)
        except httpx.HTTPError as error:
            raise self._silence(error) from None

    def queue(self) -> Json:
        """Queue counts: of all tasks together, and of each kind under `kinds`."""
        counts = {kind: self._json("GET", f"/api/v1/{kind}/queue/status") for kind in kinds.registered()}
        (first, *_) = counts.values()
        sums = {name: sum(of_kind.get(name, 0) for of_kind in counts.values()) for name in _SUMMED}
        lanes = {lane: sum(of_kind["lanes"][lane] for of_kind in counts.values()) for lane in first["lanes"]}
        return first | sums | {"lanes": lanes, "kinds": counts}

    def open_tasks(self, status: str | None = None) -> Iterator[Json]:
        """Yield the tasks that are in work, then those that wait, of all kinds; each once."""
        seen: set[str] = set()
        params: dict[str, Any] = {"limit": 100} | ({"status": status} if status else {})
        while params.get("cursor", "") is not None:
            page = self._json("GET", "/api/v1/tasks", params=params)
            params["cursor"] = page["next_cursor"]
            for task in page["tasks"]:  # one that moved meanwhile may be on two pages
                if task["task_id"] not in seen:
                    seen.add(task["task_id"])
                    yield task

    def history(self, limit: int, status: str | None = None) -> list[Json]:
        """Latest ended tasks of all kinds, each with its `kind`, the last submitted first."""
        records = [record for kind in kinds.registered() for record in self.history_of(kind, limit, status)]
        records.sort(key=lambda record: str(record["created_at"]), reverse=True)
        return records[:limit]

    def history_of(self, kind: str, limit: int, status: str | None = None) -> list[Json]:
        """Latest ended tasks of one kind, the last ended first."""
        params = {"limit": limit} | ({"status": status} if status else {})
        records = self._json("GET", f"/api/v1/{kind}/history", params=params)["records"]
        return [{"kind": kind, **record} for record in records]

    def retry(self, task_id: str) -> None:
        """Queue a failed task again."""
        self._of_task("POST", "retry", task_id)

    def delete(self, task_id: str) -> None:
        """Withdraw, stop or remove a task, as its state allows."""
        self._of_task("DELETE", "task", task_id)

    def call(self, method: str, path: str, **request: Any) -> Json:
        """Send another request; `path` is below `/api/v1/`."""
        return self._json(method, f"/api/v1/{path}", **request)

    def call_with(self, path: str, recording: Path, fields: Mapping[str, str]) -> Json:
        """Post a recording to a path below `/api/v1/`, streamed from disk."""
        try:
            with recording.open("rb") as file:
                return self.call("POST", path, data=dict(fields), files={"audio": (recording.name, file)})
        except OSError as error:
            raise ServiceError(f"{recording}: {error.strerror}") from None

    def _of_task(
        self, method: str, what: str, task_id: str, kind: str | None = None, **request: Any
    ) -> httpx.Response:
        def send(kind: str) -> httpx.Response:
            return self._send(method, _path(kind, what, task_id), **request)

        return send(kind) if kind else _of_any_kind(send)

    def _json(self, method: str, path: str, **request: Any) -> Json:
        return self._read(self._send(method, path, **request))

    def _read(self, response: httpx.Response) -> Json:
        try:
            return cast(Json, response.json())
        except ValueError:
            raise ServiceError(Message("{url} does not answer like VoxQ.", url=self.url)) from None

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise self._silence(error) from None
        if response.is_success:
            return response
        raise _refusal(response)

    def _silence(self, error: httpx.HTTPError) -> ServiceError:
        return ServiceError(
            Message("{url} does not answer ({kind}).", url=self.url, kind=type(error).__name__)
        )


def find_service(settings: Settings, url: str | None) -> Service | None:
    """Find the service at `url`, else the stack on STORAGE_PATH, else VoxQ at API_HOST:API_PORT.

    Returns None if there is none; raises ServiceError if nothing answers at a given `url`.
    """
    key = next(iter(settings.keys), None)
    running = running_instance(settings.run_dir)
    service = Service(url or (running.api_url if running else settings.api_url), key)
    if service.is_there() or running is not None:
        return service
    if url is not None:
        raise ServiceError(Message("No VoxQ answers at {url}.", url=url))
    return None


def admitting_service(settings: Settings, url: str | None) -> Service | None:
    """Find the service like `find_service`; None also for one that wants a key which this command lacks.

    A service that is named by `url` is to be used all the same: its refusal then says what is missing.
    """
    service = find_service(settings, url)
    if service is None or url is not None or service.admits():
        return service
    tell(
        Message(
            "The service at {url} wants a key that is not set here (API_KEYS): working without it.",
            url=service.url,
        )
    )
    return None


def the_service(settings: Settings, url: str | None, *, is_data: bool = False) -> Service:
    """Find the service like `find_service`; raises ServiceError if there is none.

    `is_data`: its answers are printed as JSON, which is the same in all languages.
    """
    service = find_service(settings, url)
    if service is None:
        raise ServiceError(
            Message(
                "No VoxQ answers at {url}. Start one with 'voxq up', or give --url.",
                url=settings.api_url,
            )
        )
    if is_data:
        service.speak(ENGLISH)
    return service


class _Counted(io.BufferedReader):
    """File that reports the size of each read."""

    def __init__(self, path: Path, on_bytes: Callable[[int], object]) -> None:
        super().__init__(io.FileIO(path), 1 << 18)
        self._on_bytes = on_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._on_bytes(len(data))
        return data


def _submit_path(kind: str) -> str:
    return f"/api/v1/{kind}/submit"


def _is_loading(model: Json) -> bool:
    return any(place["state"] == "loading" for place in model["resident"])


def _path(kind: str, what: str, task_id: str) -> str:
    return f"/api/v1/{kind}/{what}/{quote(task_id, safe='')}"


def _of_any_kind(act: Callable[[str], T]) -> T:
    """Result of `act` for the first kind that knows the task; `act` raises NotThere for others."""
    *others, last = kinds.registered()
    for kind in others:
        with contextlib.suppress(NotThere):
            return act(kind)
    return act(last)


def _refusal(response: httpx.Response) -> ServiceError:
    match response.status_code:
        case 404:
            return NotThere(_reason(response))
        case 401:
            return ServiceError(
                Message(
                    "{reason}; this command sends the first of ADMIN_KEYS or API_KEYS in its environment or "
                    ".env",
                    reason=_reason(response),
                )
            )
        case _:
            return ServiceError(_reason(response))


def _reason(response: httpx.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        body = {}
    answer = cast(Json, body) if isinstance(body, dict) else {}
    said, detail = (recognised(str(answer.get(name) or "")) for name in ("error", "detail"))
    if not said:
        return f"HTTP {response.status_code} {response.reason_phrase}"
    if isinstance(there := answer.get("models") or answer.get("voices"), list):
        return Message("{problem}. There are: {known}.", problem=said, known=", ".join(map(str, there)))
    return about(said, detail) if detail else said
