"""Loading of journal records: those of this version and of others load, garbage does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from task_lab import done, make_task

from voxq.core.outcome import Incident, Outcome, Timings
from voxq.core.task import Lane, Status, Task
from voxq.kinds.transcription import TranscriptionOptions
from voxq.queue import documents

times = st.floats(0, 4_102_444_800)
seconds = st.floats(0, 1e6)
texts = st.text(max_size=30)

options = st.builds(
    TranscriptionOptions,
    language=st.none() | st.sampled_from(["en", "zh"]),
    hotwords=st.lists(texts, max_size=3).map(tuple),
    words=st.booleans(),
    batch_size=st.none() | st.integers(1, 3600),
)
tasks = st.builds(
    make_task,
    owner=texts,
    lane=st.sampled_from(Lane),
    size=st.integers(0, 2**40),
    duration=st.none() | seconds,
    created_at=times,
    accepted_at=times,
    options=options,
    run=st.integers(1, 1000),
    idempotency=st.none() | st.just("f" * 64),
)
outcomes = st.builds(
    Outcome,
    status=st.sampled_from([Status.DONE, Status.FAILED, Status.CANCELLED]),
    ended_at=times,
    duration=seconds,
    text=texts,
    raw_text=texts,
    language=st.none() | st.just("en"),
    segments=st.lists(st.fixed_dictionaries({"t": texts, "s": seconds, "e": seconds}), max_size=3).map(tuple),
    error=st.none() | texts,
    code=st.none() | st.just("timeout"),
    attempts=st.integers(1, 9),
    incidents=st.lists(st.builds(Incident, at=times, code=texts, message=texts), max_size=2).map(tuple),
    timings=st.builds(Timings, queued=seconds, engine=seconds, rtf=st.none() | st.floats(0, 100)),
).filter(lambda end: end.status is not Status.FAILED or None not in (end.error, end.code))


def through_json(record: Any) -> Any:
    return json.loads(json.dumps(record))


@given(tasks)
def test_a_task_survives_the_journal(task: Task) -> None:
    assert Task.from_json(through_json(task.to_json())) == task


@given(outcomes)
def test_an_outcome_survives_the_journal(outcome: Outcome) -> None:
    assert Outcome.from_json(through_json(outcome.to_json())) == outcome


def test_what_a_later_version_added_is_ignored() -> None:
    task, outcome = make_task(), done(incidents=(Incident(1.0, "crash", "x"),))
    task_record, outcome_record = through_json(task.to_json()), through_json(outcome.to_json())
    task_record |= {"mood": "good", "schema": 7}
    task_record["options"]["speed"] = 2
    outcome_record["timings"]["coffee"] = 1.0
    outcome_record["incidents"][0]["severity"] = "high"
    assert Task.from_json(task_record) == task.evolve(schema=7)
    assert Outcome.from_json(outcome_record) == outcome


def test_what_an_earlier_version_did_not_write_has_its_default() -> None:
    task = make_task()
    record = through_json(task.to_json())
    for name in ("run", "idempotency", "schema", "options"):
        del record[name]
    assert Task.from_json(record) == task
    least = {"status": "done", "ended_at": 1.0, "duration": 2.0}
    assert Outcome.from_json(least) == Outcome(Status.DONE, 1.0, 2.0)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../x"},
        {"id": None},
        {"file": "2025-12-01_001_abc123.wav"},
        {"file": "../x.wav"},
        {"lane": "express"},
        {"kind": "tts?"},
        {"duration": "long"},
        {"duration": -1},
        {"duration": float("nan")},
        {"created_at": 1e300},
        {"accepted_at": None},
        {"run": 0},
        {"run": "first"},
        {"size": -5},
        {"options": []},
        {"options": {"hotwords": 5}},
    ],
)
def test_a_damaged_record_is_no_task(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Task.from_json(make_task().to_json() | change)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "queued"},
        {"status": "failed", "error": None, "code": "timeout"},
        {"status": "failed", "error": "It took too long.", "code": None},
        {"segments": [{"t": "no times"}]},
        {"segments": [{"t": "x", "s": 0, "e": 1, "w": [["half"]]}]},
        {"ended_at": 1e300},
    ],
)
def test_a_damaged_record_is_no_outcome(change: dict[str, Any]) -> None:
    """Refuse a damaged outcome, which in the history would block all others."""
    with pytest.raises(ValueError):
        Outcome.from_json(through_json(done().to_json()) | change)


@pytest.mark.parametrize("record", [None, [], {}, "task", 5, {"id": "x"}])
def test_something_else_is_no_record(record: object) -> None:
    with pytest.raises(ValueError):
        Task.from_json(record)
    with pytest.raises(ValueError):
        Outcome.from_json(record)


@given(tasks, texts, st.integers(0, 100), times)
def test_an_open_document_holds_scalars_only(task: Task, text: str, progress: int, now: float) -> None:
    for document in (
        documents.queued(task),
        documents.processing(task, progress=progress, text=text, started_at=now),
    ):
        assert all(isinstance(value, str | int | float) for value in document.values())
        assert through_json(document) == document


@given(tasks, outcomes)
def test_an_ended_document_has_what_clients_read(task: Task, outcome: Outcome) -> None:
    document = json.loads(documents.dump(documents.ended(task, outcome)))
    assert document["status"] == outcome.status
    assert document["text"] == outcome.text
    assert isinstance(document["duration"], float | int)
    assert document["created_at"].endswith("Z")


@given(tasks, st.sampled_from(Status))
def test_an_event_never_tells_the_text(task: Task, status: Status) -> None:
    assert set(json.loads(documents.event(task, status))) == {"task_id", "kind", "run", "status", "progress"}
