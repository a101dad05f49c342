"""A worker with FunASR's models: chunks of many tasks in one call, and nothing lost if it dies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from valkey_lab import RedisServer
from words import MODELS, SAID, clip
from worker_lab import WorkerLab, WorkerProcess, wait_for

from voxq.core.outcome import Outcome
from voxq.core.task import Status
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.encode import encode

ENGINE = "counted_funasr:KIND"
LOADING = 200.0
"""Seconds: FunASR alone takes ten to import."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerLab]:
    root = tmp_path_factory.mktemp("funasr")
    server = RedisServer(root / "redis")
    lab = WorkerLab(
        root,
        server.url,
        asr_engine=ENGINE,
        asr_model=str(MODELS / "sv-words"),
        asr_models=f"words={ENGINE}:{MODELS / 'seaco-words'}",
        model_load_timeout=LOADING,
        max_inflight=None,
        max_batch_ms=10_000,  # a busy machine measures high costs, and would make small batches
    )
    yield lab
    lab.close()
    server.kill()


@pytest.fixture
def worker(lab: WorkerLab) -> WorkerProcess:
    """Return a worker that is shared by the tests until it dies."""
    for running in lab.workers:
        if running.is_alive():
            return running
    started = lab.worker(ready=False)
    started.wait_for_log("status=ready", LOADING)
    return started


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("notes")
    return [written(root / f"{number}.wav", clip(said)) for number, said in enumerate(SAID)]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make three minutes of speech: each sentence several times, with pauses that VAD detects."""
    pause = np.zeros(SAMPLE_RATE, np.float32)
    parts = [part for _ in range(7) for said in SAID for part in (clip(said), pause)]
    return written(tmp_path_factory.mktemp("long") / "long.wav", np.concatenate(parts))


def written(path: Path, samples: Samples) -> Path:
    path.write_bytes(encode(samples, SAMPLE_RATE, "wav"))
    return path


def assert_long_text(outcome: Outcome) -> None:
    assert (outcome.status, outcome.attempts) == (Status.DONE, 1)
    spoken = " ".join(SAID * 7).split()
    assert len(outcome.text.split()) == pytest.approx(len(spoken), abs=len(spoken) // 20)


def test_waiting_tasks_share_one_call(lab: WorkerLab, worker: WorkerProcess, notes: list[Path]) -> None:
    tasks = [lab.submit(note, "gated", use_itn=False) for note in notes]
    wait_for(lambda: worker.log.count("vad_segments=1 ") == len(tasks), "the decoding of all", 60)
    lab.open_gate()
    outcomes = lab.wait_for_ends(tasks, 60)
    assert [outcome.text for outcome in outcomes] == list(SAID)
    assert {(o.status, o.language, o.incidents) for o in outcomes} == {(Status.DONE, "en", ())}
    assert [segment["m"] for outcome in outcomes for segment in outcome.segments] == ["neutral"] * len(SAID)
    calls = lab.calls()
    assert sum(map(len, calls)) == len(tasks)
    assert max(map(len, calls)) >= 4, "each task has one chunk, so these are of several tasks"


@pytest.mark.numerics
def test_another_model_can_be_requested_by_name(
    lab: WorkerLab, worker: WorkerProcess, notes: list[Path]
) -> None:
    """The sentences are recognised wherever they are cut: the model hears steps of 60 ms, and the position of
    a cut within one decides on doubtful words."""
    options = {"model": "words", "words": True}
    plain = lab.submit(notes[0], "stop", "http://127.0.0.1:9/words.txt", use_punc=False, **options)
    punctuated = lab.submit(notes[6], **options)
    first, second = lab.wait_for_ends([plain, punctuated], LOADING)
    assert (first.text, first.raw_text) == (SAID[0], SAID[0])
    assert [word for segment in first.segments for word, _, _ in segment["w"]] == SAID[0].split()
    assert second.raw_text == SAID[6] != second.text
    assert "".join(c for c in second.text.lower() if c.isalnum() or c == " ") == SAID[6]


def test_a_cancelled_task_leaves_the_others_alone(
    lab: WorkerLab, worker: WorkerProcess, notes: list[Path], long: Path
) -> None:
    before = len(lab.calls())
    task = lab.submit(long, "slowly", batch_size=4)
    wait_for(lambda: len(lab.calls()) > before + 2, "the third call")
    note = lab.submit(notes[1], use_itn=False)
    assert lab.parts.control("asr", lab.client).cancel(task.id)
    cancelled, done = lab.wait_for_ends([task, note])
    assert (cancelled.status, done.status, done.text) == (Status.CANCELLED, Status.DONE, SAID[1])
    assert worker.is_alive()


def test_after_a_kill_only_the_rest_is_done(lab: WorkerLab, worker: WorkerProcess, long: Path) -> None:
    before = len(lab.calls())
    task = lab.submit(long, "slowly", batch_size=8, use_itn=False)
    wait_for(lambda: len(lab.calls()) >= before + 8, "the eighth call")
    worker.kill()
    killed_after = len(lab.calls())
    lab.worker(2, ready=False)
    (outcome,) = lab.wait_for_ends([task], LOADING)
    assert_long_text(outcome)
    calls = lab.calls()
    in_hand = sum(map(len, calls[killed_after - 2 : killed_after]))
    assert sum(map(len, calls[before:])) <= len(outcome.segments) + in_hand
