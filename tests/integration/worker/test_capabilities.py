"""Workers with only some of the capabilities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from valkey_lab import RedisServer
from worker_lab import NOTE, WorkerLab, wait_for

from voxq.core.task import Status


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[WorkerLab]:
    server = RedisServer(tmp_path / "redis")
    lab = WorkerLab(tmp_path, server.url, asr_engine="faster-whisper", asr_model="/no/such/model")
    yield lab
    lab.close()
    server.kill()


def test_a_worker_without_a_recogniser_speaks_and_leaves_recordings_to_others(lab: WorkerLab) -> None:
    worker = lab.worker(WORKER_CAPABILITIES="speak")
    recording = lab.submit(NOTE)
    texts = [lab.submit_text("Good morning.", model="hibari", voice="heart") for _ in range(3)]
    outcomes = lab.wait_for_ends(texts, 120)
    assert [outcome.status for outcome in outcomes] == [Status.DONE] * 3
    facts = lab.facts(1)
    assert (facts["state"], facts["model"], facts["models"]) == ("ready", "hibari", [])
    assert "hibari" in facts["synthesisers"]
    assert lab.document(recording)["status"] == "queued"
    assert lab.client.llen("rq:queue:asr-queue") == 1
    other = lab.worker(2, WORKER_CAPABILITIES="recognise", ASR_ENGINE="noop", ASR_MODEL="noop")
    lab.wait_for_ends([recording], 120)
    assert lab.facts(2)["synthesisers"] == []
    left = lab.submit_text("Good night.", model="hibari", voice="heart")
    lab.wait_for_ends([left], 120)
    other.end()
    worker.end()


def test_a_worker_without_preloaded_models_is_ready_at_once(lab: WorkerLab) -> None:
    lab.worker(WORKER_CAPABILITIES="speak", PRELOAD_MODELS="none")
    wait_for(lambda: lab.facts(1).get("state") == "ready", "the worker")
    assert lab.facts(1)["resident"] == []
