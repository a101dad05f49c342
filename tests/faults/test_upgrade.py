"""An upgrade over data of an earlier version: nothing is lost, done again, or unreadable."""

from __future__ import annotations

from pathlib import Path

import old_spool
import pytest
from api_server import running_api
from worker_lab import WorkerLab, wait_for

from voxq.core.task import Status

FOR_EVER = 2_000_000_000
"""Retention in seconds that covers the age of the spools."""


@pytest.mark.parametrize(("name", "redis_is"), [("before-models", "empty"), ("before-speech", "kept")])
def test_an_upgrade_loses_and_repeats_nothing(make_lab, tmp_path: Path, name: str, redis_is: str) -> None:
    tasks = old_spool.unpack(name, tmp_path / "storage")
    lab: WorkerLab = make_lab(asr_model="sleep-300ms", result_ttl=FOR_EVER, failed_ttl=FOR_EVER)
    if redis_is == "kept":
        old_spool.restore(name, lab.client)
    lab.worker()
    journal = lab.parts.journal
    wait_for(lambda: not journal.open_ids(), "the end of everything that was open")
    ends = {state: journal.ended(task_id, 1) for state, task_id in tasks.items()}
    assert {state: end and end.outcome.status for state, end in ends.items()} == {
        "done": Status.DONE,
        "failed": Status.FAILED,
        "cancelled": Status.CANCELLED,
        "decided": Status.DONE,
        "under_way": Status.DONE,
        "queued": Status.DONE,
    }
    assert journal.unreadable_ids() == []
    logged = [record["task_id"] for record in lab.parts.logs["asr"].records()]
    assert sorted(logged) == sorted(tasks.values()), "each has one line, whoever wrote it"
    assert {words for call in lab.calls() for _, words in call} == {("later",), ("still",)}
    chunks = ends["under_way"].outcome.segments if ends["under_way"] else ()
    again = sum(words == ("later",) for call in lab.calls() for _, words in call)
    finished_counts = name == "before-speech"  # earlier, chunks depended on fewer options
    # Of the two that were finished, the first begins a little earlier today, and so is done again.
    assert 0 < again <= len(chunks) - finished_counts
    lab.assert_nothing_waits()

    keys = {"API_KEYS": "anna:the-key-of-anna,bob:the-key-of-bob"}
    ttls = {"RESULT_TTL": str(FOR_EVER), "FAILED_TTL": str(FOR_EVER)}
    with running_api(str(lab.settings.redis_url), tmp_path, **keys, **ttls) as api:
        for state in ("done", "decided", "under_way", "queued"):
            owner = {"Authorization": f"Bearer the-key-of-{'bob' if state == 'queued' else 'anna'}"}
            answer = api.http.get(f"/api/v1/asr/result/{tasks[state]}?wait=20", headers=owner)
            assert answer.json()["status"] == "done", state
            assert answer.json()["text"].endswith("seconds")
            assert api.http.get(f"/api/v1/asr/audio/{tasks[state]}", headers=owner).status_code == 200
        anna = {"Authorization": "Bearer the-key-of-anna"}
        shown = [
            each["task_id"] for each in api.http.get("/api/v1/asr/history", headers=anna).json()["records"]
        ]
        assert sorted(shown) == sorted(tasks[state] for state in ("done", "failed", "decided", "under_way"))
        retried = api.http.post(f"/api/v1/asr/retry/{tasks['failed']}", headers=anna)
        assert retried.status_code == 200, retried.text
        wait_for(lambda: journal.ended(tasks["failed"], 2), "the end of the failed task's next run")
