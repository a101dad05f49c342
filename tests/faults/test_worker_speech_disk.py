"""Speech on disks that temporarily refuse writes, and sentences whose files are deleted."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from counting_voice import LETTER_SECONDS, RATE
from full_disk import full_disk
from worker_lab import WorkerLab, wait_for

from voxq.core.task import Status, Task

DONE = Status.DONE
LOG_SIZE = 1000
"""Bytes that suffice for the records of a few sentences, but not for their sound."""


def bytes_of(lab: WorkerLab, task: Task) -> bytes:
    return lab.parts.blobs.path(task.file).read_bytes()


def growing(lab: WorkerLab, task: Task) -> Path | None:
    return lab.parts.work.speech(task.id, task.run)


@pytest.mark.parametrize("role", ["model process", "joiner"])
def test_a_text_waits_for_a_full_disk_and_is_not_blamed(make_lab, role: str) -> None:
    """The disk is full where sentences are written, and where they are joined."""
    lab: WorkerLab = make_lab(max_inflight=2)
    worker = lab.worker()
    lab.wait_for_ends([lab.submit_text("Hello.")])  # both processes are running
    with full_disk(*(helper.pid for helper in worker.helpers(role)), size=LOG_SIZE):
        task = lab.submit_text("One two three. Four five six.", format="mp3")
        worker.wait_for_log("File too large; trying again")
        time.sleep(2.5)
        assert lab.document(task)["status"] == "processing"
    (outcome,) = lab.wait_for_ends([task])
    assert (outcome.status, outcome.attempts, outcome.incidents) == (DONE, 1, ())
    undisturbed = lab.submit_text("One two three. Four five six.", format="mp3")
    lab.wait_for_ends([undisturbed])
    assert bytes_of(lab, task) == bytes_of(lab, undisturbed)
    assert worker.log.count("ERROR Worker-1 cannot write") == 1


def test_a_text_fails_if_the_disk_stays_full(make_lab) -> None:
    lab: WorkerLab = make_lab(media_timeout_seconds=1)
    worker = lab.worker()
    lab.wait_for_ends([lab.submit_text("Hello.")])
    with full_disk(*(helper.pid for helper in worker.helpers("model process")), size=LOG_SIZE):
        (outcome,) = lab.wait_for_ends([lab.submit_text("One two three.")])
    assert (outcome.status, outcome.code, outcome.attempts) == (Status.FAILED, "storage", 1)
    assert outcome.error == "The speech could not be stored: File too large."


def test_a_sentence_whose_audio_is_deleted_is_spoken_again(make_lab) -> None:
    """Its absence is noticed when the file is written from the start again."""
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    said = ["One two three.", "Four five six.", "And this was gated."]
    task = lab.submit_text(" ".join(said))
    directory = lab.parts.work.open(task)
    wait_for(lambda: len(lab.spoken()) == 3, "its last sentence")
    joined = round(sum(map(len, said[:2])) * LETTER_SECONDS * RATE) * 2
    wait_for(lambda: (file := growing(lab, task)) and file.stat().st_size > joined, "the first two joined")
    directory.sound(len(said[0])).unlink()
    worker.helper("joiner").kill()
    wait_for(lambda: "code=audio_unavailable" in worker.log, "the sentence being missed")
    lab.open_gate()
    (outcome,) = lab.wait_for_ends([task])
    assert outcome.status is DONE
    # The joining process may have had a request in progress when it was killed.
    codes = [incident.code for incident in outcome.incidents if incident.code != "encoder_crashed"]
    assert codes == ["audio_unavailable"]
    assert lab.spoken() == [*said, said[1]]
    undisturbed = lab.submit_text(" ".join(said))
    lab.wait_for_ends([undisturbed])
    assert bytes_of(lab, task) == bytes_of(lab, undisturbed)
