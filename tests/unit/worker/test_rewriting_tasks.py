"""Texts that are rewritten, as tasks of their own and as the last step of a transcription."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from task_lab import make_task

from voxq.core.inputs import TEXT, Inline
from voxq.core.task import Status, Task
from voxq.engines.contract import ChunkError, Recognised, Rewritten, Segment
from voxq.kinds.text import TextOptions
from voxq.kinds.transcription import TranscriptionOptions
from voxq.processes.model.protocol import SpanRef, TextRef
from voxq.testing.clock import FakeClock
from voxq.testing.processes import FakeProcesses
from voxq.testing.worker import WorkerInProcess


def rewritten(ref: Any) -> Recognised | Rewritten | ChunkError:
    """Hear the same in every chunk, and write texts in capitals; a text with "stuck" fails."""
    if isinstance(ref, SpanRef):
        return Recognised(
            (Segment("Well, this is stuck." if "stuck" in said else "Well, yes.", 0.0, 1.0),), "en"
        )
    assert isinstance(ref, TextRef)
    if "stuck" in ref.text:
        return ChunkError("llm_no_model", "The provider has no such model.")
    return Rewritten(ref.text.upper(), ref.options["mode"], {"numbers": "ok"}, {"replaced": 1}, seconds=0.5)


said: list[str] = []
"""Words that the recogniser hears."""


@pytest.fixture
def processes() -> Iterator[FakeProcesses]:
    said.clear()
    with FakeProcesses(rewritten) as processes:
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


def text_task(text: str, **options: Any) -> Task:
    return make_task(kind="text", inputs={TEXT: Inline(text)}, options=TextOptions(**options), duration=1.0)


def texts_in(processes: FakeProcesses) -> list[str]:
    return [ref.text for call in processes.calls for ref in call if isinstance(ref, TextRef)]


def test_a_text_is_rewritten(worker: WorkerInProcess) -> None:
    task = text_task("Well, yes.")
    worker.submit(task)
    outcome = worker.end_of(task)
    assert (outcome.status, outcome.text, outcome.raw_text) == (Status.DONE, "WELL, YES.", "Well, yes.")
    assert outcome.rewritten is not None
    assert outcome.rewritten["mode"] == "light" and outcome.rewritten["checks"] == {"numbers": "ok"}
    assert outcome.model == "light"


def test_a_long_text_is_rewritten_in_passages(worker: WorkerInProcess, processes: FakeProcesses) -> None:
    text = " ".join(f"This is sentence number {number} of a long text." for number in range(600))
    task = text_task(text)
    worker.submit(task)
    outcome = worker.end_of(task)
    passages = texts_in(processes)
    assert len(passages) > 3 and "".join(passages) == text
    assert outcome.text == text.upper()
    assert outcome.rewritten is not None and outcome.rewritten["changes"] == {"replaced": len(passages)}


def test_what_a_dead_worker_had_rewritten_is_kept(
    worker: WorkerInProcess, processes: FakeProcesses, tmp_path: Path
) -> None:
    text = " ".join(f"This is sentence number {number} of a long text." for number in range(2000))
    task = text_task(text)
    worker.submit(task)
    worker.run_until(lambda: len(processes.calls) > 1)
    kept = sum(map(len, processes.calls[:-1]))
    second = WorkerInProcess(
        tmp_path / "storage", worker.clock, number=2, asr_engine="noop", asr_model="noop"
    )
    second.redis.documents[task.id] = worker.redis.documents[task.id]
    second.enqueue(task)
    before = len(texts_in(processes))
    assert second.end_of(task).text == text.upper()
    assert len(texts_in(processes)) - before == len(set(texts_in(processes))) - kept
    second.close()


def test_a_transcript_is_rewritten_once_it_is_whole(
    worker: WorkerInProcess, processes: FakeProcesses
) -> None:
    task = make_task(options=TranscriptionOptions(rewrite="light"))
    worker.submit(task)
    outcome = worker.end_of(task)
    assert (outcome.text, outcome.attempts) == ("Well, yes.", 1)
    step = outcome.steps["rewrite"]
    assert (step["status"], step["result"]["text"]) == ("done", "WELL, YES.")
    assert texts_in(processes) == [outcome.text]


def test_a_transcript_that_nobody_wants_rewritten_has_no_such_step(
    worker: WorkerInProcess, processes: FakeProcesses
) -> None:
    task = make_task()
    worker.submit(task)
    assert worker.end_of(task).steps == {}
    assert texts_in(processes) == []


def test_a_failed_rewriting_costs_no_transcript_and_is_retried_alone(
    worker: WorkerInProcess, processes: FakeProcesses
) -> None:
    said.append("stuck")
    task = make_task(options=TranscriptionOptions(rewrite="light"))
    worker.submit(task)
    before = worker.end_of(task)
    assert (before.status, before.text) == (Status.DONE, "Well, this is stuck.")
    assert before.steps["rewrite"]["code"] == "llm_no_model"

    processes.answer = lambda ref: Rewritten("Well, it works.", "light")
    again = task.evolve(run=2, step="rewrite")
    heard = sum(isinstance(ref, SpanRef) for call in processes.calls for ref in call)
    worker.submit(again)
    outcome = worker.end_of(again)
    assert outcome.steps["rewrite"]["result"]["text"] == "Well, it works."
    assert (outcome.text, outcome.segments) == (before.text, before.segments)
    assert heard == sum(isinstance(ref, SpanRef) for call in processes.calls for ref in call)


def test_without_its_model_a_transcript_is_done_all_the_same(worker: WorkerInProcess) -> None:
    task = make_task(options=TranscriptionOptions(rewrite="optimize", rewrite_provider="nobody"))
    worker.submit(task)
    outcome = worker.end_of(task)
    assert (outcome.status, outcome.text) == (Status.DONE, "Well, yes.")
    assert outcome.steps["rewrite"]["code"] == "model_unavailable"


def test_a_failure_that_rules_make_up_for_is_logged_once_a_minute_and_tried_again(
    worker: WorkerInProcess, processes: FakeProcesses, log: list[str]
) -> None:
    reason = "The provider local does not accept its key (HTTP 401)."
    processes.answer = lambda ref: (
        rewritten(ref)
        if isinstance(ref, SpanRef)
        else Rewritten(ref.text, "light", reason=reason, reason_code="llm_key_refused")
    )
    for _ in range(3):
        task = text_task("Well, yes.")
        worker.submit(task)
        outcome = worker.end_of(task)
        assert outcome.rewritten is not None and outcome.rewritten["reason_code"] == "llm_key_refused"
    [line] = [each for each in log if "llm_key_refused" in each]
    assert line.startswith("ERROR ") and reason in line

    task = make_task(options=TranscriptionOptions(rewrite="light"))
    worker.submit(task)
    assert worker.end_of(task).steps["rewrite"]["result"]["mode"] == "light"
    processes.answer = rewritten
    again = task.evolve(run=2, step="rewrite")
    worker.submit(again)
    assert worker.end_of(again).steps["rewrite"]["result"]["text"] == "WELL, YES."


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Lines of the log, each after its level."""
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), format="{level} {message}")
    yield lines
    logger.remove(sink)
