"""A complete service to attack: an API with keys, a worker and a webhook."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from api_server import NOTE, ApiServer, running_api
from valkey_lab import RedisServer
from webhook_receiver import SECRET, Receiver, receiver
from worker_lab import WorkerLab

OPEN = {"/livez", "/health", "/api/v1/health", "/api/health"}
"""Paths that need no key: they tell whether the service is healthy, and nothing else."""
STREAMS = 5
"""Number of event streams that one key may have open."""
KEYS = {"anna": "annas-secret-key", "ben": "bens-secret-key"}


@dataclass(frozen=True, slots=True)
class Attacked:
    """The service under attack: its API, its storage and Redis, and the registered webhook `bot`."""

    api: ApiServer
    lab: WorkerLab
    bot: Receiver

    def client(self, owner: str = "anna") -> httpx.Client:
        """HTTP client with the key of this owner; the caller closes it."""
        return httpx.Client(
            base_url=self.api.url,
            headers={"Authorization": f"Bearer {KEYS[owner]}"},
            trust_env=False,
            timeout=60,
        )

    def logs(self) -> str:
        """All log output of its processes."""
        directory = self.api.storage / "logs"
        return "".join(path.read_text("utf-8") for path in sorted(directory.glob("*.log")))


@contextmanager
def attacked(directory: Path) -> Iterator[Attacked]:
    """Run a service with its own Redis, started with a permissive umask."""
    own_models = {"VOXQ_MODELS": str(directory / "models")}  # installed models load slowly
    settings = own_models | {
        "API_KEYS": ",".join(f"{owner}:{key}" for owner, key in KEYS.items()),
        "LOG_LEVEL": "DEBUG",
        "MAX_EVENT_STREAMS": str(STREAMS),
        "MAX_RECORDINGS": "1000",
        "MAX_HISTORY_RECORDS": "1000",
        "MAX_TEXT_CHARACTERS": "2000",
        "MAX_UPLOAD_MB": "2",
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "WEBHOOK_SECRETS": f"bot:{SECRET}",
    }
    with ExitStack() as parts:
        redis = RedisServer(directory / "redis")
        parts.callback(redis.kill)
        bot = parts.enter_context(receiver())
        with _umask(0):
            api = parts.enter_context(
                running_api(redis.url, directory, WEBHOOKS=f"bot={bot.url()}", **settings)
            )
            lab = WorkerLab(directory, redis.url, max_inflight=8)
            parts.callback(lab.close)
            lab.worker(**own_models)
        yield Attacked(api, lab, bot)


def submitted(client: httpx.Client, audio: bytes = NOTE, **fields: str) -> str:
    """Submit a recording; returns its id."""
    answer = client.post("/api/v1/asr/submit", files={"audio": ("note", audio)}, data=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()["task_id"]


def said(client: httpx.Client, text: str, **fields: object) -> str:
    """Submit a text; returns its id."""
    answer = client.post("/api/v1/tts/submit", json={"text": text, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["task_id"]


def end_of(client: httpx.Client, kind: str, task_id: str) -> str:
    """Wait for the end of a task; returns its status."""
    answer = client.get(f"/api/v1/{kind}/result/{task_id}", params={"wait": 60})
    return answer.json()["status"]


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)
