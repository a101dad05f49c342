"""A complete service started by `voxq up`: real processes, which tests kill, with their own storage and
Redis.

The engines are the counting ones: recognition takes `sleep-<n>ms` per call, speech is a tone per letter.
Tests use HTTP, as clients do.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import psutil
import redis
from own_environment import without_settings
from own_port import own_port
from valkey_lab import patient_client
from worker_lab import NOTE, wait_for

from voxq import kinds
from voxq.parts import Parts
from voxq.processes import parent_death
from voxq.settings import Settings

Role = Literal["up", "valkey", "api", "worker", "model process", "media", "probe"]
"""`media` decodes for a worker, `probe` for the API."""

ROLES: tuple[Role, ...] = ("up", "valkey", "api", "worker", "model process", "media", "probe")
ENDED = frozenset({"done", "failed", "cancelled"})

_SUPPORT = Path(__file__).parent
_VOICE = "counting_voice:KIND"
_MARK = "VOXQ_TEST_STACK"
"""Variable in the environment of every process of a stack, to find those that have outlived their parent."""


class RunningStack:
    """`voxq up` on one storage under `root`; it can be killed as a whole and started again."""

    def __init__(self, root: Path, **settings: Any) -> None:
        """Prepare a stack. `settings` apply to all parts; without a `redis_url` it has an embedded server."""
        given: dict[str, Any] = {
            "storage_path": root / "storage",
            "api_port": own_port(),
            "asr_engine": "counting_engine:KIND",
            "asr_model": "sleep-20ms",
            "rq_worker_count": 1,
            "max_inflight": 4,
            "min_free_disk_mb": 0,
            "max_recordings": 1000,
            "max_history_records": 1000,
        }
        self.root = root
        self.settings = Settings(**given | settings)
        self.storage = self.settings.storage_path
        self.url = f"http://127.0.0.1:{self.settings.api_port}"
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        self.redis_url = ""
        self._address = ""
        self._calls = root / "calls.jsonl"
        self._mark = uuid.uuid4().hex
        self._kinds: dict[str, str] = {}
        self._up: subprocess.Popen[str] | None = None

    # Start and stop.

    def start(self, *, ready: bool = True, **env: str) -> None:
        """Start `voxq up`, for the first time or again, with `env` in the environment of all parts."""
        ours = {
            _MARK: self._mark,
            "VOXQ_TEST_ENGINES": "1",
            "VOXQ_TEST_SYNTHESISER": _VOICE,
            "VOXQ_TEST_CALLS": str(self._calls),
            "PYTHONPATH": os.pathsep.join([str(_SUPPORT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        with (self.root / "up.log").open("a") as log:
            self._up = subprocess.Popen(
                [sys.executable, "-m", "voxq.cli", "up", "--json"],
                cwd=self.root,
                env=without_settings() | self.settings.environ() | ours | env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self._up.stdout
        printed = ""
        for line in self._up.stdout:
            printed += line
            if line == "}\n":
                break
        assert printed, self.log
        self.redis_url = json.loads(Path(json.loads(printed)["redis_url_in"]).read_text())["redis_url"]
        self._address = urlsplit(self.redis_url).netloc.rpartition("@")[2]
        if ready:
            self.wait_ready()

    def wait_ready(self, seconds: float = 60) -> None:
        """Wait until the API reports that the service is ready."""
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            assert time.monotonic() < deadline, f"not ready within {seconds} s:\n{self.log}"
            time.sleep(0.05)

    def is_ready(self) -> bool:
        try:
            return self.http.get("/health", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self, seconds: float = 60) -> float:
        """Stop it as an operator does; returns the seconds it took. Asserts that no process is left."""
        assert self._up
        began = time.monotonic()
        self._up.terminate()
        assert self._up.wait(seconds) == 0, self.log
        self.wait_gone()
        return time.monotonic() - began

    def kill(self, role: Role) -> psutil.Process | None:
        """Kill (`kill -9`) the first process of this role and return it; None if there is none."""
        for process in self.processes(role):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                return process
        return None

    def kill_everything(self) -> None:
        """Kill (`kill -9`) all processes at once, including the server; returns when none is left."""
        living = self.by_role()
        for role in ROLES:  # parents first, so that they restart nothing
            for process in living.get(role, ()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.wait_gone()

    def wait_gone(self, seconds: float = 30) -> None:
        """Wait until no process of this stack is left, including `voxq up`."""
        if self._up is not None:
            self._up.wait(seconds)
        wait_for(lambda: not list(self._family()), "the end of every process", seconds)

    def close(self) -> None:
        """Clean up at the end of a test, whatever state the stack is in."""
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            self.kill_everything()
        if self._up is not None and self._up.stdout is not None:
            self._up.stdout.close()
        self.http.close()
        self.client.close()

    # Processes.

    def processes(self, role: Role) -> list[psutil.Process]:
        """Live processes of this role."""
        return [process for process in self._family() if _role_of(process) == role]

    def by_role(self) -> dict[Role, list[psutil.Process]]:
        """Live processes by role."""
        found: dict[Role, list[psutil.Process]] = {}
        for process in self._family():
            if role := _role_of(process):
                found.setdefault(role, []).append(process)
        return found

    def _family(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and self._is_ours(process):
                    yield process

    def _is_ours(self, process: psutil.Process) -> bool:
        # The server's title overwrites its environment; the title tells where it listens.
        title = " ".join(process.cmdline())
        if "valkey-server" in title:
            return bool(self._address) and self._address in title
        return process.environ().get(_MARK) == self._mark

    # Internals.

    @cached_property
    def parts(self) -> Parts:
        """Parts that work on the same storage."""
        return Parts.of(self.settings)

    @cached_property
    def client(self) -> redis.Redis:
        """Client of its Redis server, which keeps its address over restarts."""
        return patient_client(self.redis_url)

    @property
    def log(self) -> str:
        """Terminal output of its parts."""
        path = self.root / "up.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def close_gate(self) -> None:
        """Block calls with a "gated" chunk from now on, as at the start."""
        self._calls.with_suffix(".gate").unlink(missing_ok=True)

    def open_gate(self) -> None:
        self._calls.with_suffix(".gate").touch()

    def calls(self) -> int:
        """Number of calls to the recogniser, including the warm-up."""
        return len(self._calls.read_text().splitlines()) if self._calls.exists() else 0

    def spoken(self) -> list[str]:
        """Sentences that the synthesiser got, including the warm-up."""
        path = self._calls.with_suffix(".spoken")
        return path.read_text("utf-8").splitlines() if path.exists() else []

    # Tasks, as clients see them.

    def post(self, recording: Path = NOTE, *, key: str | None = None, **fields: str) -> httpx.Response:
        """Submit a recording; returns any response."""
        headers = {"Idempotency-Key": key} if key else {}
        with recording.open("rb") as file:
            return self.http.post(
                "/api/v1/asr/submit", files={"audio": ("note", file)}, data=fields, headers=headers
            )

    def post_text(self, text: str, *, key: str | None = None, **fields: Any) -> httpx.Response:
        """Submit a text to the counting voice; returns any response."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {"text": text, "voice": "teller", **fields}
        return self.http.post("/api/v1/tts/submit", json=body, headers=headers)

    def submit(self, recording: Path = NOTE, **fields: str) -> str:
        """Submit successfully; returns the id of the task."""
        return _id_in(self.post(recording, **fields))

    def submit_text(self, text: str, **fields: Any) -> str:
        """Submit successfully; returns the id of the task."""
        return _id_in(self.post_text(text, **fields))

    def result(self, task_id: str, wait: float = 0) -> dict[str, Any]:
        """State of a task of any kind by the API, after waiting up to `wait` seconds for its end."""
        known = self._kinds.get(task_id)
        for kind in [known] if known else kinds.registered():
            path = f"/api/v1/{kind}/result/{task_id}"
            answer = self.http.get(path, params={"wait": wait}, timeout=wait + 30)
            if answer.status_code != 404:
                self._kinds[task_id] = kind
                return answer.json()
        return {"status": "unknown", "task_id": task_id}

    def wait_for_ends(self, task_ids: Collection[str], seconds: float = 60) -> None:
        """Wait until the API shows the end of each task."""
        left = set(task_ids)

        def all_ended() -> bool:
            with contextlib.suppress(httpx.HTTPError, ValueError):
                for task_id in list(left):
                    if self.result(task_id, wait=1).get("status") not in ENDED:
                        return False
                    left.discard(task_id)
            return not left

        wait_for(all_ended, f"the end of {len(task_ids)} tasks ({len(left)} were left)", seconds)


@contextmanager
def running_stack(root: Path, **settings: Any) -> Iterator[RunningStack]:
    """Run a ready stack until the end of the context, and clean up whatever its state is then."""
    root.mkdir(exist_ok=True)
    stack = RunningStack(root, **settings)
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


def _role_of(process: psutil.Process) -> Role | None:
    """Role of a process; None if it has not executed its program yet."""
    with contextlib.suppress(psutil.Error):
        command = process.cmdline()
        if "voxq.processes.media" in command or "voxq.processes.media.joiner" in command:
            parent = process.parent()
            return "probe" if parent and _role_in(parent.cmdline()) == "api" else "media"
        return _role_in(command)
    return None


def _role_in(command: Iterable[str]) -> Role | None:
    words = list(command)
    if parent_death.__file__ in words:
        return None
    if "voxq.processes.model" in words:
        return "model process"
    for role in ("api", "worker"):
        if f"voxq.{role}" in words:
            return role
    if "voxq.cli" in words:
        return next((role for role in ("up", "api", "worker") if role in words), None)
    return "valkey" if any("valkey-server" in word for word in words) else None


def _id_in(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.json()["task_id"]
