"""Requests for tasks of the kinds in `counting_kind` and `spans_kind`, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from api_server import ApiServer
from worker_process import WorkerProcess

TEXT = "One two three. Four five six. Seven eight nine."
"""Three sentences."""

StartWorker = Callable[[], WorkerProcess]
Voxq = Callable[..., str]
"""Runs a command with the API's address, and returns its output."""


def submission(api: ApiServer, **fields: Any) -> httpx.Response:
    """Submit `TEXT`, unless the fields have another text."""
    answer = api.http.post("/api/v1/count/submit", json={"text": TEXT} | fields)
    assert answer.status_code == 200, answer.text
    return answer


def submitted(api: ApiServer, **fields: Any) -> str:
    """The id of a task that was submitted."""
    return submission(api, **fields).json()["task_id"]


def end_of(api: ApiServer, task_id: str, kind: str = "count") -> dict[str, Any]:
    """Wait for the end of a task and return its result."""
    answer = api.http.get(f"/api/v1/{kind}/result/{task_id}", params={"wait": 60})
    assert answer.json()["status"] in ("done", "failed"), answer.text
    return answer.json()
