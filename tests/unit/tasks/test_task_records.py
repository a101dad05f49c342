"""Loading of journal records: those of this version and of others load, garbage does not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from task_lab import done, make_task

from voxq.core.inputs import AUDIO, TEXT, Blob, Inline, sha256_of
from voxq.core.outcome import Incident, Outcome, Timings
from voxq.core.task import Lane, Status, Task
from voxq.kinds.speech import SpeechOptions
from voxq.kinds.transcription import TranscriptionOptions
from voxq.queue import documents

TASK_ID = "2025-12-01_001_abcdef"
RECORDING: dict[str, Any] = {"name": f"{TASK_ID}.ogg", "mime": "audio/ogg", "size": 4000, "sha256": "0" * 64}
OF_SCHEMA_1: dict[str, Any] = {
    "id": TASK_ID,
    "owner": "anna",
    "lane": "short",
    "mime": "audio/ogg",
    "size": 4000,
    "duration": 10.0,
    "created_at": 1.0,
    "accepted_at": 2.0,
    "run": 1,
    "schema": 1,
}

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


def test_fields_of_a_later_version_are_ignored() -> None:
    task, outcome = make_task(), done(incidents=(Incident(1.0, "crash", "x"),))
    task_record, outcome_record = through_json(task.to_json()), through_json(outcome.to_json())
    task_record |= {"mood": "good", "schema": 7}
    task_record["options"]["speed"] = 2
    outcome_record["timings"]["coffee"] = 1.0
    outcome_record["incidents"][0]["severity"] = "high"
    assert Task.from_json(task_record) == task.evolve(schema=7)
    assert Outcome.from_json(outcome_record) == outcome


def test_fields_missing_in_an_earlier_version_have_defaults() -> None:
    task = make_task()
    record = through_json(task.to_json())
    for name in ("run", "idempotency", "schema", "options"):
        del record[name]
    assert Task.from_json(record) == task
    least = {"status": "done", "ended_at": 1.0, "duration": 2.0}
    assert Outcome.from_json(least) == Outcome(Status.DONE, 1.0, 2.0)


def test_recordings_of_the_first_schema_are_read() -> None:
    record = OF_SCHEMA_1 | {"kind": "asr", "file": f"{TASK_ID}.ogg", "audio_sha256": "0" * 64}
    record["options"] = {"words": True, "text": "what this kind never had"}
    task = Task.from_json(through_json(record))
    assert task.inputs == {AUDIO: Blob(**RECORDING)}
    assert (task.file, task.files, task.outputs) == (f"{TASK_ID}.ogg", (f"{TASK_ID}.ogg",), {})
    assert (task.sha256, task.size, task.schema) == ("0" * 64, 4000, 2)
    assert task.options == TranscriptionOptions(words=True)
    assert Task.from_json(through_json(task.to_json())) == task


def test_texts_of_the_first_schema_are_read() -> None:
    digest = hashlib.sha256("Grüße.".encode()).hexdigest()
    record = OF_SCHEMA_1 | {"kind": "tts", "file": f"{TASK_ID}.mp3", "mime": "audio/mpeg", "size": 8}
    record |= {"audio_sha256": digest, "options": {"text": "Grüße.", "voice": "heart", "format": "mp3"}}
    task = Task.from_json(through_json(record))
    assert task.inputs == {TEXT: Inline("Grüße.")}
    assert (task.file, task.files, task.uploads) == (f"{TASK_ID}.mp3", (f"{TASK_ID}.mp3",), ())
    assert (task.sha256, task.size, task.schema) == (digest, 8, 2)
    assert task.options == SpeechOptions("heart", format="mp3")
    assert Task.from_json(through_json(task.to_json())) == task


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "asr"},
        {"kind": "asr", "file": "2025-12-01_001_abc123.wav", "audio_sha256": "0"},
        {"kind": "asr", "file": "../x.wav", "audio_sha256": "0"},
        {"kind": "asr", "file": f"{TASK_ID}.ogg", "audio_sha256": "0", "size": -5},
        {"kind": "asr", "file": f"{TASK_ID}.ogg"},
        {"kind": "tts", "file": f"{TASK_ID}.ogg", "options": {"voice": "heart"}},
        {"kind": "tts", "file": f"{TASK_ID}.ogg", "options": {"voice": "heart", "text": 5}},
        {"kind": "tts", "file": "../x.wav", "options": {"voice": "heart", "text": "Hello."}},
        {"kind": "tts", "file": f"{TASK_ID}.ogg", "options": [5]},
    ],
)
def test_damaged_records_of_the_first_schema_are_rejected(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Task.from_json(OF_SCHEMA_1 | change)


def test_inputs_differ_when_one_of_them_does() -> None:
    text, recording = Inline("Guten Tag."), Blob(**RECORDING)
    assert sha256_of({TEXT: text}) == text.sha256
    both = {TEXT: text, "reference": recording}
    others = [
        {TEXT: text},
        {TEXT: Inline("Guten Abend."), "reference": recording},
        {TEXT: text, "reference": replace(recording, sha256="1" * 64)},
        {TEXT: text, "audio": recording},
    ]
    assert len({sha256_of(each) for each in (both, *others)}) == 5
    assert sha256_of(both) == sha256_of(dict(reversed(both.items())))


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../x"},
        {"id": None},
        {"inputs": {}},
        {"inputs": {"text": {"text": "Guten Tag."}}},
        {"inputs": {"audio": {"text": "Guten Tag."}}},
        {"inputs": {"audio": RECORDING | {"name": "2025-12-01_001_abc123.wav"}}},
        {"inputs": {"audio": RECORDING | {"name": "../x.wav"}}},
        {"inputs": {"audio": RECORDING, "reference": RECORDING | {"name": "../x.wav"}}},
        {"inputs": {"audio": RECORDING | {"size": -5}}},
        {"inputs": [RECORDING]},
        {"outputs": {"audio": RECORDING["name"]}},
        {"lane": "express"},
        {"kind": "tts?"},
        {"duration": "long"},
        {"duration": -1},
        {"duration": float("nan")},
        {"created_at": 1e300},
        {"accepted_at": None},
        {"run": 0},
        {"run": "first"},
        {"options": []},
        {"options": {"hotwords": 5}},
    ],
)
def test_a_damaged_record_is_no_task(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Task.from_json(make_task(id=TASK_ID).to_json() | change)


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
def test_other_values_are_no_records(record: object) -> None:
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
def test_an_event_never_contains_the_text(task: Task, status: Status) -> None:
    assert set(json.loads(documents.event(task, status))) == {"task_id", "kind", "run", "status", "progress"}
