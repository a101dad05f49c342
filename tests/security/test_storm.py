"""Twenty clients that cancel, retry, delete and request the same few tasks while they are in progress."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from api_server import NOTE, ApiServer, running_api
from worker_lab import WorkerLab, wait_for

CLIENTS = 20
SECONDS = 5.0
EXPECTED = {
    "cancel or delete": {200, 404},
    "retry": {200, 404, 409, 410},
    "ask": {200, 404},
    "submit": {200},
}
AWAY = 503
"""Status if Redis seems to be away because the machine is busy for a second: rare, and must do no harm."""


@pytest.fixture
def lab(tmp_path: Path, redis_url: str) -> Iterator[WorkerLab]:
    lab = WorkerLab(tmp_path, redis_url, max_attempts=1)
    yield lab
    lab.close()


def test_every_run_of_every_task_ends_once(lab: WorkerLab, tmp_path: Path, redis_url: str) -> None:
    with running_api(redis_url, tmp_path, MAX_RECORDINGS="1000", MAX_HISTORY_RECORDS="1000") as api:
        worker = lab.worker()
        ids = [api.submitted(NOTE, hotwords="fault-error" if number % 2 else "") for number in range(4)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = Counter(
                answer
                for own in pool.map(lambda seed: list(_client(api, seed, ids)), range(CLIENTS))
                for answer in own
            )
        wait_for(lambda: not lab.parts.journal.open_ids(), "the end of all tasks", 60)

        assert {(what, status) for what, status in answers if status not in EXPECTED[what] | {AWAY}} == set()
        assert sum(answers[what, AWAY] for what in EXPECTED) < answers.total() / 20, answers
        assert answers["retry", 200], answers
        assert answers["cancel or delete", 200]
        logged = Counter((record["task_id"], record["run"]) for record in lab.parts.logs["asr"].records())
        assert set(lab.parts.journal.ended_runs()) <= set(logged)
        assert set(logged.values()) == {1}
        wait_for(lambda: not list(lab.parts.work.names()), "the end of the work directories", 30)
        lab.assert_nothing_waits()
        assert worker.is_alive()
        assert "Traceback" not in worker.log + api.log()


def _client(api: ApiServer, seed: int, ids: list[str]) -> Iterator[tuple[str, int]]:
    """Run one client and return its actions with the status of each response."""
    choices = random.Random(seed)
    end = time.monotonic() + SECONDS
    with httpx.Client(base_url=api.url, trust_env=False, timeout=30) as http:
        while time.monotonic() < end:
            task_id = choices.choice(ids[-6:])
            match choices.choices(list(EXPECTED), [2, 40, 40, 1])[0]:
                case "cancel or delete" as what:
                    answer = http.delete(f"/api/v1/asr/task/{task_id}")
                case "retry" as what:
                    answer = http.post(f"/api/v1/asr/retry/{task_id}")
                case "ask" as what:
                    answer = http.get(f"/api/v1/asr/result/{task_id}", params={"wait": 0.2})
                case what:
                    hotwords = choices.choice(["", "fault-error", "fault-error"])
                    answer = http.post(
                        "/api/v1/asr/submit", files={"audio": ("note", NOTE)}, data={"hotwords": hotwords}
                    )
                    if answer.is_success:
                        ids.append(answer.json()["task_id"])
            yield what, answer.status_code
