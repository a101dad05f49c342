"""Death of the API at each step of accepting a task, including the response: a repeat with the key finds one
task."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Literal

import httpx
import pytest
import redis
from api_server import NOTE, ApiServer, running_api
from task_lab import Lab, make_worker

from voxq import kinds

Step = Literal["S1", "S2", "S3"]

MOMENTS: list[tuple[str, Step]] = [
    *(("asr", step) for step in ("S1", "S2", "S3")),
    *(("tts", step) for step in ("S2", "S3")),
]
"""Steps after S3, when only the response is missing."""


def submit(api: ApiServer, kind: str, key: str) -> httpx.Response:
    headers = {"Idempotency-Key": key}
    if kind == "tts":
        return api.http.post("/api/v1/tts/submit", json={"text": "Hello there."}, headers=headers)
    files = {"audio": ("note", NOTE)}
    return api.http.post("/api/v1/asr/submit", files=files, headers=headers)


@pytest.mark.slow
def test_a_request_repeated_after_a_lost_response_finds_its_task(
    tmp_path: Path, redis_url: str, client: redis.Redis
) -> None:
    """Recordings are submitted again before the janitor's next round, texts after it."""
    labs = [Lab(tmp_path / "storage", client, kind=kind) for kind in kinds.registered()]
    labs[0].recover()
    for kind, step in MOMENTS:
        with running_api(redis_url, tmp_path, VOXQ_KILL_AT=step) as dying:
            with pytest.raises(httpx.TransportError):
                submit(dying, kind, f"{kind}-{step}")
            assert dying.process.wait(10) == -signal.SIGKILL

    ids: list[str] = []
    with running_api(redis_url, tmp_path) as api:
        for lab in labs:
            ids += [submit(api, k, f"{k}-{s}").json()["task_id"] for k, s in MOMENTS if k is lab.kind]
            labs[0].recover()
        for lab in labs:
            lab.drain(make_worker())
        assert [submit(api, k, f"{k}-{s}").json()["task_id"] for k, s in MOMENTS] == ids
    # A recording that was accepted but not enqueued becomes a new task if it comes again before the janitor's
    # next round. The first task, of which no client knows, is then withdrawn.
    logged = [record["task_id"] for lab in labs for record in map(json.loads, lab.log_lines())]
    assert sorted(logged) == sorted(ids) == sorted(task_id for task_id, _ in labs[0].journal.ended_runs())
    assert labs[0].journal.open_ids() == []
