"""Disks that temporarily refuse writes: the worker logs it once, continues, and writes when it can."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from full_disk import full_disk
from worker_lab import MEETING, NOTE, WorkerLab, wait_for

from voxq.core.outcome import Outcome
from voxq.core.task import Status
from voxq.queue import enqueueing, script


@contextmanager
def unusable(path: Path) -> Iterator[None]:
    """Replace a directory by a file, or a file by a directory."""
    aside = path.with_name(f"{path.name}.aside")
    is_directory = path.is_dir()
    if path.exists():
        path.rename(aside)
    path.touch() if is_directory else path.mkdir()
    yield
    path.unlink() if is_directory else path.rmdir()
    if aside.exists():
        aside.rename(path)


def assert_done(outcome: Outcome, segments: int) -> None:
    assert (outcome.status, outcome.attempts, outcome.incidents) == (Status.DONE, 1, ())
    assert len(outcome.segments) == segments


def test_a_worker_waits_for_a_disk_that_refuses_all_writes(make_lab) -> None:
    """Chunks, results, log files: everything that the worker itself writes."""
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    task = lab.submit(MEETING, "gated", batch_size=8)
    wait_for(lab.calls, "the first chunk in the engine")
    with full_disk(worker.pid):
        lab.open_gate()
        worker.wait_for_log("cannot write: File too large")
        time.sleep(2.5)
        assert lab.document(task)["status"] == "processing"
        assert lab.outcome(task) is None
        assert worker.is_alive()
    (outcome,) = lab.wait_for_ends([task])
    assert_done(outcome, 4)
    assert worker.log.count("ERROR Worker-1 cannot write") == 1
    worker.wait_for_log("can write again")
    lab.wait_for_ends([again := lab.submit()])
    lab.assert_ended_once([task, again])


def test_ends_that_cannot_be_written_are_written_later(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    with unusable(lab.settings.journal_dir / "ended"):
        tasks = [lab.submit() for _ in range(2)]
        worker.wait_for_log("cannot write: Not a directory")
        time.sleep(2.5)
    for outcome in lab.wait_for_ends(tasks):
        assert_done(outcome, 1)
    assert worker.log.count("ERROR Worker-1 cannot write") == 1
    assert len(lab.calls()) == 2
    lab.assert_ended_once(tasks)


def test_history_lines_that_cannot_be_written_are_written_later(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    with unusable(lab.settings.logs_dir / "asr_history.jsonl"):
        tasks = [lab.submit() for _ in range(3)]
        for task in tasks:
            wait_for(lambda task=task: lab.outcome(task), "the end of each task on disk")
        time.sleep(2.5)
        assert lab.document(tasks[0])["status"] == "done", "whoever asks gets the result"
    for outcome in lab.wait_for_ends(tasks):
        assert_done(outcome, 1)
    assert worker.log.count("ERROR Worker-1 cannot write") == 1
    lab.assert_ended_once(tasks)


def test_tasks_wait_while_work_directories_cannot_be_created(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    with unusable(lab.settings.work_dir):
        task = lab.submit()
        worker.wait_for_log("cannot write: Not a directory")
    (outcome,) = lab.wait_for_ends([task])
    assert_done(outcome, 1)
    assert worker.log.count("ERROR Worker-1 cannot write") == 1
    lab.assert_ended_once([task])


def test_decoded_audio_that_cannot_be_written_is_decoded_later(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    with full_disk(worker.helper("media").pid):
        task = lab.submit()
        worker.wait_for_log("File too large")
        time.sleep(2.5)
        assert lab.document(task)["status"] == "processing"
    (outcome,) = lab.wait_for_ends([task])
    assert_done(outcome, 1)
    assert worker.log.count("ERROR Worker-1 cannot write") == 1
    lab.assert_ended_once([task])


def test_decoded_audio_that_disappears_is_decoded_again(make_lab) -> None:
    lab: WorkerLab = make_lab()
    lab.worker()
    task = lab.submit(MEETING, "gated", batch_size=8)
    wait_for(lab.calls, "the first chunk in the engine")
    (work,) = lab.parts.work.names()
    (lab.settings.work_dir / work / "pcm.f32").unlink()
    lab.open_gate()
    (outcome,) = lab.wait_for_ends([task])
    assert outcome.status is Status.DONE
    assert len(outcome.segments) == 4
    assert [i.code for i in outcome.incidents] == ["audio_unavailable"]
    lab.assert_ended_once([task])


def test_a_task_whose_recording_disappears_fails(make_lab) -> None:
    lab: WorkerLab = make_lab()
    task = lab.submit(NOTE)
    lab.parts.blobs.path(task.file).unlink()
    worker = lab.worker()
    (outcome,) = lab.wait_for_ends([task])
    assert (outcome.status, outcome.code) == (Status.FAILED, "missing")
    assert str(lab.root) not in str(outcome.error)
    assert worker.is_alive()
    lab.assert_ended_once([task])


def test_tasks_are_requeued_while_their_records_cannot_be_read(make_lab) -> None:
    """With a failing disk, the worker hands its tasks back and continues."""
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    task = lab.submit(enqueue=False)
    with unusable(lab.settings.journal_dir / "open"):
        script.run(lab.client, enqueueing.enqueue(lab.parts.stores["asr"], task))
        worker.wait_for_log("cannot write: Not a directory")
        assert worker.is_alive()
    lab.let_claims_expire()
    (outcome,) = lab.wait_for_ends([task])
    assert_done(outcome, 1)
    lab.assert_ended_once([task])


def test_a_task_continues_while_its_record_cannot_be_read(make_lab) -> None:
    """The worker continues with it, in case it is open."""
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    task = lab.submit(NOTE, "gated")
    worker.wait_for_log("status=started")
    with unusable(lab.settings.journal_dir / "open"):
        lab.client.delete(f"asr:claim:{task.id}")
        worker.wait_for_log("cannot write: Not a directory")
    assert worker.is_alive()
    lab.open_gate()
    (outcome,) = lab.wait_for_ends([task])
    assert_done(outcome, 1)
    lab.assert_ended_once([task])
