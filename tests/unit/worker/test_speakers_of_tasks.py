"""Speakers of a transcription, told apart as an optional step of its task."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from task_lab import make_task

from voxq.core.task import Status
from voxq.engines.contract import ChunkError, Recognised, Segment
from voxq.kinds.transcription import TranscriptionOptions
from voxq.processes.model.protocol import KeptVectors, SpanRef, SpeakersFound, VectorsRef, WindowsRef
from voxq.testing.clock import FakeClock
from voxq.testing.processes import FakeProcesses
from voxq.testing.worker import WorkerInProcess

FOUND = SpeakersFound(((0.0, 0.5, 0), (0.5, 1.0, 1)), ((1.0, 0.0), (0.0, 1.0)))


def answer(ref: Any) -> Any:
    match ref:
        case SpanRef():
            return Recognised((Segment("Is it? It is.", 0.0, 1.0),), "en")
        case WindowsRef():
            ref.vectors.write_bytes(b"vectors")
            return KeptVectors(len(ref.windows))
        case VectorsRef():
            return FOUND
    raise AssertionError(ref)


@pytest.fixture
def processes() -> Iterator[FakeProcesses]:
    with FakeProcesses(answer) as processes:
        yield processes


@pytest.fixture
def worker(
    tmp_path: Path, processes: FakeProcesses, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WorkerInProcess]:
    monkeypatch.setenv("VOXQ_TEST_ENGINES", "1")
    with FakeClock() as clock:
        worker = WorkerInProcess(tmp_path / "storage", clock, asr_engine="noop", asr_model="noop")
        yield worker
        worker.close()


def said_by(outcome: Any) -> list[tuple[str, str | None]]:
    return [(each["t"], each.get("k")) for each in outcome.segments]


def test_segments_end_where_the_speaker_changes(worker: WorkerInProcess, processes: FakeProcesses) -> None:
    task = make_task(options=TranscriptionOptions(speakers=0, min_speakers=2, max_speakers=3))
    worker.submit(task)
    outcome = worker.end_of(task)
    assert said_by(outcome) == [("Is it?", "S1"), ("It is.", "S2")]
    assert outcome.steps["speakers"]["result"]["speakers"] == ["S1", "S2"]
    (asked,) = [ref for call in processes.calls for ref in call if isinstance(ref, VectorsRef)]
    assert (asked.least, asked.most) == (2, 3)


def test_speakers_are_found_only_on_request(worker: WorkerInProcess) -> None:
    task = make_task()
    worker.submit(task)
    outcome = worker.end_of(task)
    assert (said_by(outcome), outcome.steps) == ([("Is it? It is.", None)], {})


@pytest.mark.parametrize("failing", [WindowsRef, VectorsRef])
def test_a_failure_costs_no_transcript_and_is_retried_alone(
    worker: WorkerInProcess, processes: FakeProcesses, failing: type
) -> None:
    processes.answer = lambda ref: (
        ChunkError("engine_error", "The engine failed.") if isinstance(ref, failing) else answer(ref)
    )
    task = make_task(options=TranscriptionOptions(speakers=2))
    worker.submit(task)
    before = worker.end_of(task)
    assert (before.status, before.text) == (Status.DONE, "Is it? It is.")
    assert before.steps["speakers"]["status"] == "failed"

    processes.answer = answer
    heard = sum(isinstance(ref, SpanRef) for call in processes.calls for ref in call)
    again = task.evolve(run=2, step="speakers")
    worker.submit(again)
    outcome = worker.end_of(again)
    assert outcome.steps["speakers"]["status"] == "done"
    assert said_by(outcome) == [("Is it?", "S1"), ("It is.", "S2")]
    assert heard == sum(isinstance(ref, SpanRef) for call in processes.calls for ref in call)
