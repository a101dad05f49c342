from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from voxq.core.task import Status
from voxq.recovery.retention import EndedRecord, Limits, plan
from voxq.storage.blobs.port import StoredBlob

NOW = 1_000_000.0
LIMITS = Limits(max_recordings=3, result_ttl=3600, failed_ttl=7200, orphan_age=60)

ages = st.floats(0, 20_000)
ended_statuses = st.sampled_from([Status.DONE, Status.FAILED, Status.CANCELLED])


@st.composite
def storages(draw: st.DrawFn) -> tuple[list[StoredBlob], list[str], list[EndedRecord]]:
    """Recordings, ids of open tasks, ended runs."""
    recordings, open_ids, ended = [], [], []
    for number in range(draw(st.integers(0, 15))):
        task_id = f"2025-12-01_{number:03d}_abcdef"
        file = f"{task_id}.ogg"
        if draw(st.booleans()):
            recordings.append(StoredBlob(file, NOW - draw(ages)))
        if draw(st.booleans()):
            open_ids.append(task_id)
        ends = draw(st.lists(st.tuples(ended_statuses, ages), max_size=3))
        ended += [EndedRecord(task_id, run, how, NOW - age) for run, (how, age) in enumerate(ends, 1)]
    return recordings, open_ids, ended


def latest_of(ended: list[EndedRecord]) -> dict[str, EndedRecord]:
    return {record.task_id: record for record in sorted(ended, key=lambda record: record.run)}


@given(storages())
def test_nothing_of_an_open_task_is_deleted(storage) -> None:
    recordings, open_ids, ended = storage
    chosen = plan(NOW, recordings, open_ids, ended, LIMITS)
    assert not {name.partition(".")[0] for name in chosen.blobs} & set(open_ids)
    assert not {record.task_id for record in chosen.records} & set(open_ids)


@given(storages())
def test_the_newest_recordings_of_tasks_that_did_not_fail_stay(storage) -> None:
    recordings, open_ids, ended = storage
    latest = latest_of(ended)
    chosen = set(plan(NOW, recordings, open_ids, ended, LIMITS).blobs)

    def age(recording: StoredBlob) -> float:
        record = latest.get(recording.task_id)
        return record.ended_at if record else recording.modified

    countable = [
        recording
        for recording in recordings
        if recording.task_id not in open_ids
        and (
            latest[recording.task_id].status is not Status.FAILED
            if recording.task_id in latest
            else NOW - recording.modified > LIMITS.orphan_age
        )
    ]
    stay = [recording for recording in countable if recording.name not in chosen]
    go = [recording for recording in countable if recording.name in chosen]
    assert len(stay) == min(len(countable), LIMITS.max_recordings)
    assert not stay or not go or min(map(age, stay)) >= max(map(age, go))


@given(storages())
def test_a_failed_task_can_be_retried_for_its_time(storage) -> None:
    recordings, open_ids, ended = storage
    chosen = plan(NOW, recordings, open_ids, ended, LIMITS)
    gone = set(chosen.blobs)
    for recording in recordings:
        record = latest_of(ended).get(recording.task_id)
        if record and record.status is Status.FAILED and recording.task_id not in open_ids:
            is_over = NOW - record.ended_at > LIMITS.failed_ttl
            assert (recording.name in gone) == is_over
            assert (record in chosen.records) == is_over


@given(storages())
def test_records_are_deleted_after_their_time_or_a_later_run(storage) -> None:
    recordings, open_ids, ended = storage
    chosen = plan(NOW, recordings, open_ids, ended, LIMITS).records
    latest = latest_of(ended)
    for record in ended:
        ttl = LIMITS.failed_ttl if record.status is Status.FAILED else LIMITS.result_ttl
        is_over = NOW - record.ended_at > ttl or record is not latest[record.task_id]
        assert (record in chosen) == (is_over and record.task_id not in open_ids)


@given(storages(), st.randoms())
def test_the_order_of_the_listings_does_not_matter(storage, order: random.Random) -> None:
    recordings, open_ids, ended = storage
    before = plan(NOW, recordings, open_ids, ended, LIMITS)
    for listing in (recordings, open_ids, ended):
        order.shuffle(listing)
    after = plan(NOW, recordings, open_ids, ended, LIMITS)
    assert sorted(before.blobs) == sorted(after.blobs)
    assert sorted(before.records, key=repr) == sorted(after.records, key=repr)


def test_a_hundred_waiting_uploads_are_all_kept() -> None:
    ids = [f"2025-12-01_{number:03d}_abcdef" for number in range(100)]
    recordings = [StoredBlob(f"{task_id}.wav", 0.0) for task_id in ids]
    limits = Limits(max_recordings=10, result_ttl=1, failed_ttl=1)
    assert plan(NOW, recordings, ids, [], limits).blobs == []
    assert len(plan(NOW, recordings, ids[:50], [], limits).blobs) == 40


def test_a_recording_that_was_stored_just_now_is_spared() -> None:
    limits = Limits(max_recordings=0, result_ttl=1, failed_ttl=1)
    fresh = StoredBlob("2025-12-01_001_abcdef.wav", NOW - 59)
    old = StoredBlob("2025-12-01_002_abcdef.wav", NOW - 61)
    assert plan(NOW, [fresh, old], [], [], limits).blobs == [old.name]


def test_speech_stays_as_long_as_its_result_and_displaces_no_recording() -> None:
    def name_of(task_id: str) -> str:
        return f"{task_id}.mp3"

    def ended(number: int, age: float, *, made: bool) -> EndedRecord:
        task_id = f"2025-12-01_{number:03d}_abcdef"
        results = frozenset({name_of(task_id)} if made else ())
        return EndedRecord(task_id, 1, Status.DONE, NOW - age, results)

    batch = [ended(number, 10.0, made=True) for number in range(100)]
    notes = [ended(200 + number, 20.0, made=False) for number in range(LIMITS.max_recordings)]
    old = [ended(300 + number, LIMITS.result_ttl + 1, made=True) for number in range(2)]
    records = [*batch, *notes, *old]
    recordings = [StoredBlob(name_of(record.task_id), record.ended_at) for record in records]
    chosen = plan(NOW, recordings, [], records, LIMITS)
    assert sorted(chosen.blobs) == [name_of(record.task_id) for record in old]
    assert chosen.records == old


def test_outputs_and_inputs_of_a_task_are_deleted_separately() -> None:
    """A voice that imitates: the recording counts like any, the speech stays with its result."""
    task_id = "2025-12-01_001_abcdef"
    reference, speech = (StoredBlob(f"{task_id}.{extension}", NOW) for extension in ("ogg", "mp3"))
    limits = Limits(max_recordings=0, result_ttl=60, failed_ttl=60)

    def gone(age: float) -> list[str]:
        record = EndedRecord(task_id, 1, Status.DONE, NOW - age, frozenset({speech.name}))
        return sorted(plan(NOW, [reference, speech], [], [record], limits).blobs)

    assert gone(10.0) == [reference.name]
    assert gone(61.0) == sorted([reference.name, speech.name])
