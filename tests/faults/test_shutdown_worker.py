"""Shutdown of workers with work in progress: it is quick, and nothing is lost or done twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from worker_lab import MEETING, NOTE, WorkerLab, WorkerProcess, recording_of, wait_for

from voxq.core.task import Status, Task

DONE = Status.DONE


def drain(lab: WorkerLab, *numbers: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "voxq.cli", "worker", "drain", *map(str, numbers)]
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(lab.root)} | lab.settings.environ()
    return subprocess.run(command, cwd=lab.root, env=environ, capture_output=True, text=True, timeout=120)


def load(lab: WorkerLab) -> list[Task]:
    """Submit short and longer recordings, and texts."""
    notes = [lab.submit(NOTE) for _ in range(5)]
    meetings = [lab.submit(MEETING, batch_size=5)]
    texts = [lab.submit_text("This is spoken slowly. So is this, slowly. And slowly that.") for _ in range(2)]
    return [*notes, *meetings, *texts]


def assert_each_ran_once(lab: WorkerLab, tasks: list[Task]) -> None:
    outcomes = lab.wait_for_ends(tasks, 90)
    assert [(outcome.status, outcome.attempts) for outcome in outcomes] == [(DONE, 1)] * len(tasks)
    chunks = sum(len(o.segments) for o in outcomes if o.sample_rate is None)
    sentences = sum(len(o.segments) for o in outcomes if o.sample_rate is not None)
    assert sum(map(len, lab.calls())) == chunks
    assert len(lab.spoken()) == sentences
    lab.assert_ended_once(tasks)


def test_two_workers_are_replaced_under_load(make_lab) -> None:
    """One is drained; the other is stopped and hands its tasks back."""
    lab: WorkerLab = make_lab(asr_model="sleep-200ms", max_inflight=3)
    first, second = lab.worker(1), lab.worker(2)
    tasks = load(lab)
    wait_for(lambda: lab.facts(1).get("held", 0) > 1, "work for the first")
    drained = drain(lab, 1)
    assert (drained.returncode, drained.stdout) == (0, "worker 1 is drained\n"), drained.stderr
    assert first.wait() == 0
    assert "requeued=0" in first.log, "it finished what it held"
    third = lab.worker(3)
    tasks += load(lab)
    wait_for(lambda: lab.facts(2).get("held", 0) > 1, "work for the second")
    assert second.stop() < lab.settings.shutdown_seconds
    fourth = lab.worker(4)
    assert_each_ran_once(lab, tasks)
    assert drain(lab, 7).returncode == 1, "there is none"
    drained = drain(lab)
    assert sorted(drained.stdout.splitlines()) == ["worker 3 is drained", "worker 4 is drained"]
    assert (third.wait(), fourth.wait()) == (0, 0)


def stopped_in_time(lab: WorkerLab, worker: WorkerProcess, *tasks: Task) -> None:
    """Assert that it stops well within SHUTDOWN_SECONDS, as nothing was in an engine, and that everything
    waits again."""
    assert worker.stop() < 0.7 * lab.settings.shutdown_seconds
    assert [lab.document(task)["status"] for task in tasks] == ["queued"] * len(tasks)
    assert lab.parts.journal.open_ids() == [task.id for task in tasks]


def test_a_worker_stops_while_a_model_loads(make_lab) -> None:
    lab: WorkerLab = make_lab()
    task = lab.submit(NOTE)
    worker = lab.worker(ready=False, VOXQ_TEST_LOAD_SECONDS="60")
    worker.helper("model process")
    stopped_in_time(lab, worker, task)


def test_a_worker_stops_while_decoding_and_while_joining(make_lab, tmp_path: Path) -> None:
    """The helper process is frozen in the middle of its work, and the shutdown does not wait for it."""
    lab: WorkerLab = make_lab(max_inflight=3, long_audio_seconds=1000)
    worker = lab.worker()
    decoders = worker.slow_media()
    long = lab.submit(recording_of(tmp_path / "long.wav", *["zh_meeting"] * 6), "gated")
    wait_for(lab.calls, "its first chunk")
    for decoder in decoders:
        decoder.suspend()
    lab.open_gate()
    wait_for(lambda: lab.document(long)["progress"] > 0, "its progress")
    time.sleep(0.5)
    stopped_in_time(lab, worker, long)

    worker = lab.worker(2)
    lab.wait_for_ends([long])
    text = lab.submit_text("This is spoken slowly. " * 10)
    wait_for(lambda: len(lab.spoken()) == 1, "its first sentence")
    worker.helper("joiner").send_signal(signal.SIGSTOP)
    wait_for(lambda: len(lab.spoken()) == 10, "its last sentence")
    time.sleep(1)
    stopped_in_time(lab, worker, text)
    lab.worker(3)
    lab.wait_for_ends([text])
    assert len(lab.spoken()) == 10, "it was only to be joined"


def test_a_second_ctrl_c_does_not_wait_for_the_batch(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    task = lab.submit(NOTE, "fault-hang")
    wait_for(lab.calls, "the chunk in the engine")
    worker.send(signal.SIGINT)
    time.sleep(0.2)
    started = time.monotonic()
    worker.send(signal.SIGINT)
    assert worker.wait(20) == 0
    assert time.monotonic() - started < 0.5 * lab.settings.shutdown_seconds
    assert lab.document(task)["status"] == "queued"
