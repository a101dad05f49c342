"""Tasks with more than one file: a text to be spoken in the voice of a recording."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from task_lab import Lab, done, failed, make_task

from voxq.core.inputs import Blob
from voxq.core.refusal import Refusal
from voxq.core.task import Task

REFERENCE = "reference"


@pytest.fixture
def lab(tmp_path: Path, client) -> Lab:
    return Lab(tmp_path / "storage", client, kind="tts", max_recordings=0)


def submit(lab: Lab, *, is_made: bool = False) -> Task:
    task = make_task(kind="tts", text="Guten Tag.")
    reference = Blob(f"{task.id}.ogg", "audio/ogg", 5, "1" * 64)
    task = task.evolve(inputs={**task.inputs, REFERENCE: reference})
    for name in task.files if is_made else task.uploads:
        part = lab.blobs.part(name)
        part.write_bytes(name.encode())
        lab.blobs.keep(part, name)
    lab.journal.accept(task)
    lab.enqueue(task)
    return task


def names(lab: Lab) -> list[str]:
    return [blob.name for blob in lab.blobs.all()]


def test_forgetting_a_task_deletes_all_its_files(lab: Lab) -> None:
    task, other = submit(lab, is_made=True), submit(lab)
    lab.ending.end(task, done())
    assert lab.control.forget(task.id)
    assert names(lab) == list(other.uploads)


def test_a_retry_needs_all_inputs(lab: Lab) -> None:
    task = submit(lab)
    lab.ending.end(task, failed())
    again, _ = lab.control.retry(task.id, 1)
    assert again.inputs == task.inputs
    lab.ending.end(again, failed())
    lab.blobs.remove(task.uploads[0])
    with pytest.raises(Refusal) as caught:
        lab.control.retry(task.id, 2)
    assert caught.value.code == "recording_gone"


def test_a_cached_result_shares_the_output_only(lab: Lab) -> None:
    task, other = submit(lab, is_made=True), submit(lab)
    lab.ending.end(task, done())
    assert lab.control.answer_as(other, task.id)
    assert lab.blobs.path(other.file).read_bytes() == task.file.encode()
    assert lab.blobs.path(other.uploads[0]).read_bytes() == other.uploads[0].encode()


def test_a_short_id_finds_the_output_after_redis_was_lost(lab: Lab) -> None:
    task = submit(lab, is_made=True)
    lab.ending.end(task, done())
    os.utime(lab.blobs.path(task.uploads[0]), (1, 1))  # the older one comes first
    lab.client.flushall()
    lab.recover()
    assert lab.client.hget(lab.store.audio_key, task.short_id) == task.file


def test_retention_keeps_the_output_longer_than_the_inputs(lab: Lab) -> None:
    task = submit(lab, is_made=True)
    lab.cleanup.run()
    assert set(names(lab)) == set(task.files)
    lab.ending.end(task, done())
    lab.cleanup.run()
    assert names(lab) == [task.file]
    assert lab.client.hget(lab.store.audio_key, task.short_id) == task.file


def test_a_withdrawn_task_leaves_no_file(lab: Lab) -> None:
    """The client got the task with the same Idempotency-Key."""
    lab.recover()
    first, second = (submit(lab) for _ in range(2))
    lab.client.set(f"tts:idempotency:{'k' * 64}", first.id)
    lab.client.delete(f"tts:task:{second.id}")
    lab.journal.accept(second.evolve(idempotency="k" * 64))
    lab.recovery.complete()
    assert lab.journal.open_ids() == [first.id]
    assert names(lab) == list(first.uploads)
