"""Death of workers: every task ends exactly once, and finished work is not repeated."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
import pytest
from worker_lab import MEETING, NOTE, WorkerLab, recording_of, wait_for

from voxq.core.task import Status
from voxq.queue.claiming import CLAIM_TTL

DONE = Status.DONE
STEPS = ("W1", "W2", "W3", "E1", "E2", "E3")


@pytest.mark.slow
@pytest.mark.parametrize("max_inflight", [1, 3])
def test_a_worker_killed_at_any_step_loses_nothing(make_lab, max_inflight: int) -> None:
    """Workers die one after another, each at another step with tasks in progress; the last one cleans up."""
    lab: WorkerLab = make_lab(max_inflight=max_inflight)
    tasks = [lab.submit(MEETING, batch_size=8) for _ in range(len(STEPS) * max_inflight + 1)]
    for number, step in enumerate(STEPS, start=1):
        dying = lab.worker(number, ready=False, VOXQ_KILL_AT=step)
        assert dying.wait(90) == -signal.SIGKILL, dying.log
    died = time.monotonic()
    last = lab.worker(9)
    outcomes = lab.wait_for_ends(tasks, CLAIM_TTL + 40)
    print(f"{max_inflight} in flight: all ended {time.monotonic() - died:.1f} s after the last death")
    assert [(o.status, o.attempts) for o in outcomes] == [(DONE, 1)] * len(tasks)
    assert len({o.text for o in outcomes}) == 1
    lab.assert_ended_once(tasks)
    # Work that died with a worker ran twice: its current batch and, for W3, unwritten results.
    chunks = sum(len(call) for call in lab.calls())
    assert chunks <= sum(len(o.segments) for o in outcomes) + len(STEPS) * 2 * max_inflight
    assert last.stop() < lab.settings.shutdown_seconds


def test_a_worker_that_is_stopped_requeues_its_task(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    task = lab.submit(MEETING, "gated-after-1", batch_size=5)
    wait_for(lambda: len(lab.calls()) == 2, "the second chunk in the engine")
    worker.send(signal.SIGTERM)
    wait_for(lambda: lab.facts(1).get("state") == "stopping", "it to stop")
    lab.open_gate()
    assert worker.wait() == 0, worker.log
    assert "requeued=1" in worker.log
    assert len(lab.calls()) <= 3, "only what the engine was given was waited for"
    assert lab.document(task)["status"] == "queued"
    lab.worker(2)
    (outcome,) = lab.wait_for_ends([task])
    assert (outcome.status, outcome.attempts) == (DONE, 1)
    assert len(lab.calls()) == len(outcome.segments), "no chunk ran twice"
    lab.assert_ended_once([task])


def test_a_second_signal_does_not_wait_for_the_batch(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    task = lab.submit(NOTE, "fault-hang")
    wait_for(lab.calls, "the chunk in the engine")
    worker.send(signal.SIGTERM)
    time.sleep(0.5)
    assert worker.is_alive(), "the batch in hand may still end"
    assert worker.stop() < 0.5 * lab.settings.shutdown_seconds
    assert lab.document(task)["status"] == "queued"


def test_a_worker_whose_batch_hangs_stops_in_time(make_lab) -> None:
    lab: WorkerLab = make_lab(shutdown_seconds=14)
    worker = lab.worker()
    lab.submit(NOTE, "fault-hang-gil")
    wait_for(lab.calls, "the chunk in the engine")
    assert worker.stop() < lab.settings.shutdown_seconds


@pytest.mark.slow
def test_a_killed_and_a_frozen_worker_lose_nothing(make_lab) -> None:
    """A third worker takes over from both and does only the rest. The frozen one wakes up and finds that it
    has lost its task."""
    lab: WorkerLab = make_lab(asr_model="sleep-500ms", max_batch_ms=3000)  # for calls that are held back
    frozen = lab.worker(1)
    frozen_task = lab.submit(MEETING, "frozen", "gated-after-2", batch_size=3)
    frozen.wait_for_log("status=started")
    killed = lab.worker(2, ready=False)
    killed_task = lab.submit(MEETING, "killed", "gated-after-2", batch_size=3)
    for name in ("frozen", "killed"):
        wait_for(lambda name=name: len(calls_of(lab, name)) == 3, "its third chunk")
    frozen.send(signal.SIGSTOP)
    killed.kill()
    lab.open_gate()
    since = time.monotonic()

    third = lab.worker(3, MAX_INFLIGHT="2")
    for task in (frozen_task, killed_task):
        third.wait_for_log(f"task={task.short_id} status=started", CLAIM_TTL + 30)
    print(f"taken over after {time.monotonic() - since:.1f} s")
    frozen.send(signal.SIGCONT)
    outcomes = lab.wait_for_ends([frozen_task, killed_task])
    frozen.wait_for_log("status=dropped")
    assert [(o.status, o.attempts, o.worker_id) for o in outcomes] == [(DONE, 1, 3)] * 2
    for outcome, name in zip(outcomes, ("frozen", "killed"), strict=True):
        assert len(calls_of(lab, name)) <= len(outcome.segments) + 2, "what was in the engine ran twice"
        slept = 0.5 * len(outcome.segments)
        assert 0.9 * slept <= outcome.timings.engine < slept + CLAIM_TTL - 5, "of both workers"
    lab.assert_ended_once([frozen_task, killed_task])
    lab.wait_for_ends([lab.submit(NOTE) for _ in range(3)])
    for worker in (frozen, third):
        assert worker.stop() < lab.settings.shutdown_seconds


def calls_of(lab: WorkerLab, name: str) -> list[float]:
    """Return the seconds of each chunk that the engine was given of a task, identified by one of its
    hotwords."""
    return [seconds for call in lab.calls() for seconds, words in call if name in words]


class TestDecoder:
    """Death or freeze of a media process in the middle of a long recording."""

    @pytest.fixture
    def lab(self, make_lab) -> WorkerLab:
        return make_lab(max_inflight=3, media_timeout_seconds=8, long_audio_seconds=100)

    @pytest.fixture
    def long(self, tmp_path: Path) -> Path:
        return recording_of(tmp_path / "long.wav", *["zh_meeting"] * 12)

    def test_a_decoder_crash_costs_its_own_task_one_attempt(self, lab: WorkerLab, long: Path) -> None:
        media = lab.worker().slow_media()
        task = lab.submit(long)
        wait_for(lab.calls, "the first chunk")
        self.decoder_among(media).kill()
        notes = [lab.submit(NOTE) for _ in range(2)]
        outcomes = lab.wait_for_ends([task, *notes], 40)
        assert [(o.status, o.attempts) for o in outcomes] == [(DONE, 2), (DONE, 1), (DONE, 1)]
        assert [i.code for i in outcomes[0].incidents] == ["decoder_crashed"]
        assert outcomes[0].duration == pytest.approx(12 * 23.02 + 11 * 4, abs=1)
        lab.assert_ended_once([task, *notes])

    def test_a_frozen_decoder_ends_at_its_time_limit(self, lab: WorkerLab, long: Path) -> None:
        media = lab.worker().slow_media()
        task = lab.submit(long)
        wait_for(lab.calls, "the first chunk")
        self.decoder_among(media).suspend()
        notes = [lab.submit(NOTE) for _ in range(3)]
        lab.wait_for_ends(notes)
        assert lab.outcome(task) is None, "nobody waits for it"
        (outcome,) = lab.wait_for_ends([task])
        assert (outcome.status, outcome.code) == (Status.FAILED, "decode_timeout")
        assert outcome.error == "Decoding timeout (8s exceeded)"
        lab.assert_ended_once([task, *notes])

    @staticmethod
    def decoder_among(media: list[psutil.Process]) -> psutil.Process:
        """Find the process that has a recording open."""
        busy = [each for each in media if any("recordings" in file.path for file in each.open_files())]
        assert len(busy) == 1
        return busy[0]
