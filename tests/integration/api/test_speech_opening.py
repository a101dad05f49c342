"""Streamed speech begins with the first clause, while the rest of the sentence is still being made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api_server import ApiServer, running_api
from counting_voice import LETTER_SECONDS, RATE
from worker_lab import WorkerLab

CLAUSE = "When the lamp had been lit again,"
REST = "the gated keeper went back to his bed."
PAUSE_SECONDS = 0.12
FRAME_BYTES = 2


@pytest.fixture
def lab(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerLab]:
    lab = WorkerLab(tmp_path_factory.mktemp("opening"), valkey)
    lab.client.flushall()
    lab.close_gate()
    yield lab
    lab.open_gate()
    lab.close()


@pytest.fixture
def api(lab: WorkerLab, valkey: str) -> Iterator[ApiServer]:
    with running_api(valkey, lab.root, API_KEYS="anna:anna-anna") as server:
        server.http.headers["Authorization"] = "Bearer anna-anna"
        yield server


def test_the_first_clause_is_heard_before_the_rest_is_made(lab: WorkerLab, api: ApiServer) -> None:
    lab.worker(VOXQ_TEST_TIMES_REAL_TIME="2")
    task = lab.submit_text(f"{CLAUSE} {REST} Good night.", format="pcm")
    with api.http.stream("GET", f"/api/v1/tts/audio/{task.id}", params={"stream": "true"}) as answer:
        pieces, heard = answer.iter_raw(), b""
        while len(heard) < round(len(CLAUSE) * LETTER_SECONDS * RATE) * FRAME_BYTES:
            heard += next(pieces)
        assert lab.document(task)["status"] == "processing"
        lab.open_gate()
        heard += b"".join(pieces)
    (outcome,) = lab.wait_for_ends([task])
    assert lab.spoken() == [CLAUSE, REST, "Good night."]
    assert heard == lab.parts.blobs.path(task.file).read_bytes()
    first, second = outcome.segments
    assert first["t"] == first["p"] == f"{CLAUSE} {REST}"
    expected = (len(CLAUSE) + len(REST)) * LETTER_SECONDS
    assert expected < first["e"] - first["s"] < expected + 2 * PAUSE_SECONDS
    assert second["t"] == "Good night."
