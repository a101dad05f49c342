"""Engine failures: only the task that causes them is affected."""

from __future__ import annotations

import signal
import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from audio import recording
from worker_lab import MEETING, NOTE, WorkerLab, WorkerProcess, recording_of, wait_for

from voxq.core.outcome import Outcome
from voxq.core.task import Status, Task
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.encode import encode

DONE, FAILED = Status.DONE, Status.FAILED


def mixed_batch(
    lab: WorkerLab, worker: WorkerProcess, *faults: str, source: Path = NOTE, **options: int
) -> tuple[Task, list[Task]]:
    """Submit a task with faults and two without, so that all three meet in one batch: one call is held back,
    another waits behind it, and the next batch is made only when all are ready."""
    lab.close_gate()
    before = len(lab.calls())
    held_up = [lab.submit(NOTE, "gated")]
    wait_for(lambda: len(lab.calls()) > before, "the first call")
    held_up.append(lab.submit(NOTE, "second"))
    worker.wait_for_log(f"task={held_up[1].short_id} vad_segments")
    guilty = lab.submit(source, *faults, **options)
    innocent = [lab.submit(source, owner="bob", **options) for _ in range(2)]
    for task in (guilty, *innocent):
        worker.wait_for_log(f"task={task.short_id} vad_segments")
    lab.open_gate()
    return guilty, [*held_up, *innocent]


def long_and_short(directory: Path) -> Path:
    """Make a recording with one long chunk and two short ones."""
    note, meeting = recording("zh_note"), recording("zh_meeting")
    pause = np.zeros(4 * SAMPLE_RATE, np.float32)
    short = [meeting[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)] for start, end in ((9, 12), (14, 17))]
    path = directory / "long_and_short.wav"
    path.write_bytes(encode(np.concatenate([note, pause, short[0], pause, short[1]]), SAMPLE_RATE, "wav"))
    return path


def assert_shared_a_call(lab: WorkerLab, *faults: str) -> None:
    assert any(len(call) == 3 and any(words == faults for _, words in call) for call in lab.calls())


def assert_innocent(outcomes: list[Outcome]) -> None:
    assert [(o.status, o.attempts, o.text) for o in outcomes] == [(DONE, 1, "9.64 seconds")] * len(outcomes)


@pytest.mark.parametrize(
    ("faults", "attempts", "batch_ms"),
    [
        (
            {
                "fault-raise": "engine_error",
                "fault-few": "engine_error",
                "fault-many": "engine_error",
                "fault-error": "faulty",
                "fault-segfault": "engine_crashed",
                "fault-memory": "out_of_memory",  # the last one, because batches are small from then on
            },
            2,
            1000,
        ),
        # One attempt is enough: each hang takes thirty times as long as a batch.
        ({"fault-hang-gil": "engine_hung"}, 1, 200),
    ],
    ids=["errors and crashes", "hangs"],
)
def test_only_the_task_that_crashes_the_engine_fails(
    make_lab, faults: dict[str, str], attempts: int, batch_ms: int
) -> None:
    lab: WorkerLab = make_lab(max_inflight=7, max_batch_ms=batch_ms, max_attempts=attempts)
    worker = lab.worker()
    tasks: list[Task] = []
    for fault, code in faults.items():
        guilty, innocent = mixed_batch(lab, worker, fault)
        tasks += [guilty, *innocent]
        assert_innocent(lab.wait_for_ends(innocent))
        (failed,) = lab.wait_for_ends([guilty])

        assert (failed.status, failed.code, failed.attempts) == (FAILED, code, attempts)
        assert failed.error is not None
        assert f"Given up after {attempts} attempt" in failed.error
        assert "/somewhere" not in failed.error, "an exception's message is not for clients"
        assert {incident.code for incident in failed.incidents} == {code}
        # Once in a batch (where an error of its own chunk counts), then alone, up to the limit of attempts.
        runs = [call for call in lab.calls() if any(words == (fault,) for _, words in call)]
        alone = attempts - 1 if fault == "fault-error" else attempts
        assert [len(call) for call in runs] == [3] + [1] * alone
    lab.assert_ended_once(tasks)
    assert worker.is_alive()


def test_a_single_crash_fails_no_task(make_lab) -> None:
    lab: WorkerLab = make_lab(max_inflight=7)
    worker = lab.worker()
    guilty, innocent = mixed_batch(lab, worker, "fault-segfault", "only-once")
    outcomes = lab.wait_for_ends([guilty, *innocent])
    assert [(o.status, o.attempts) for o in outcomes] == [(DONE, 1)] * 5
    assert [i.code for i in outcomes[0].incidents] == ["engine_crashed"]
    lab.assert_ended_once([guilty, *innocent])


def test_running_out_of_memory_makes_batches_smaller(make_lab) -> None:
    lab: WorkerLab = make_lab(max_inflight=7)
    worker = lab.worker()
    guilty, innocent = mixed_batch(lab, worker, "fault-memory-once")
    outcomes = lab.wait_for_ends([guilty, *innocent])
    assert [(o.status, o.attempts) for o in outcomes] == [(DONE, 1)] * 5
    assert [i.code for i in outcomes[0].incidents] == ["out_of_memory"]
    worker.wait_for_log("out of memory: batches of at most 14.5 s from now on")
    facts = wait_for(lambda: lab.facts(1)["out_of_memory"] and lab.facts(1), "the next heartbeat")
    assert facts["out_of_memory"] == 1
    assert facts["resident"][0]["batch_padded_seconds"] == 14.5
    assert_shared_a_call(lab, "fault-memory-once")
    assert all(len(call) == 1 for call in lab.calls()[-3:]), "half of three, and never so many again"


def test_one_bad_chunk_fails_only_its_own_task(make_lab, tmp_path: Path) -> None:
    """The chunk that kills its engine is identified, although others of its task succeed in between."""
    lab: WorkerLab = make_lab(max_inflight=7, max_attempts=2)
    worker = lab.worker()
    faults = ("fault-segfault", "only-over-7")
    guilty, innocent = mixed_batch(lab, worker, *faults, source=long_and_short(tmp_path))
    outcomes = lab.wait_for_ends(innocent)
    assert [(o.status, o.attempts) for o in outcomes] == [(DONE, 1)] * 4
    (failed,) = lab.wait_for_ends([guilty])
    assert (failed.status, failed.code, failed.attempts) == (FAILED, "engine_crashed", 2)
    killers = [call for call in lab.calls() if any(s > 7 and words == faults for s, words in call)]
    assert [len(call) == 1 for call in killers] == [False, True, True], "blamed only where it was alone"
    lab.assert_ended_once([guilty, *innocent])


def test_a_slow_task_times_out_by_its_own_engine_time_only(make_lab) -> None:
    lab: WorkerLab = make_lab(asr_model="sleep-250ms", rq_worker_timeout=4, max_inflight=3)
    worker = lab.worker()
    endless = lab.submit(NOTE, "fault-hang")
    others = [lab.submit(NOTE) for _ in range(3)]
    assert_innocent(lab.wait_for_ends(others))
    (failed,) = lab.wait_for_ends([endless])
    assert (failed.status, failed.code) == (FAILED, "timeout")
    assert failed.error == "Processing timeout (4s exceeded)"
    assert 3 < failed.timings.engine < 20
    worker.wait_for_log(f'task={endless.short_id} error="Processing timeout after 4s"')


def test_a_slow_long_recording_gets_more_time_and_a_stuck_one_does_not(make_lab) -> None:
    """The limit on engine time grows only with the prediction from the warm-up."""
    lab: WorkerLab = make_lab(
        asr_model="sleep-400ms", asr_models="quick=counting_engine:KIND:noop", rq_worker_timeout=1
    )
    lab.worker()
    long = lab.submit(MEETING, batch_size=6)
    stuck = lab.submit(MEETING, "fault-sleep", model="quick", batch_size=6)
    done, failed = lab.wait_for_ends([long, stuck])
    assert done.status is DONE, done.error
    assert done.timings.engine > 1, "more than the operator allows"
    assert failed.code == "timeout"
    limits = range(1, 10)  # the warm-up on a busy machine predicts more
    assert failed.error in {f"Processing timeout ({limit}s exceeded)" for limit in limits}


def test_a_model_process_that_is_killed_costs_one_batch(make_lab) -> None:
    lab: WorkerLab = make_lab(asr_model="sleep-200ms")
    worker = lab.worker()
    task = lab.submit(MEETING, batch_size=5)
    wait_for(lambda: len(lab.calls()) >= 2, "two chunks in the engine")
    started = time.monotonic()
    worker.helper("model process").kill()
    (outcome,) = lab.wait_for_ends([task])
    print(f"from the death of the model process to the end: {time.monotonic() - started:.1f} s")
    assert outcome.status is DONE
    chunks = [chunk for call in lab.calls() for chunk in call]
    assert len(chunks) <= len(outcome.segments) + 2, "only what was in the engine ran twice"
    ends = [segment["s"] for segment in outcome.segments]
    assert all(a < b for a, b in pairwise(ends))


def test_a_model_that_cannot_be_loaded_is_reported_and_retried(make_lab) -> None:
    lab: WorkerLab = make_lab(asr_engine="counting_engine:KIND")
    worker = lab.worker(ready=False, VOXQ_TEST_CALLS="")
    task = lab.submit()
    state = wait_for(lambda: lab.facts(1) and lab.facts(1)["error"] and lab.facts(1), "the error told")
    assert state["state"] == "failed"
    assert lab.document(task)["status"] == "queued"
    assert worker.is_alive()


def test_a_model_that_never_finishes_loading_is_stopped_and_retried(make_lab) -> None:
    lab: WorkerLab = make_lab(model_load_timeout=1)
    worker = lab.worker(ready=False, VOXQ_TEST_LOAD_SECONDS="60")
    first = worker.helper("model process").pid
    wait_for(lambda: lab.facts(1).get("error") == "The model did not load within 1 s.", "the error told")
    wait_for(lambda: [p.pid for p in worker.helpers("model process")] not in ([], [first]), "another try")
    assert worker.stop() < lab.settings.shutdown_seconds


def oom_score(pid: int) -> int:
    """Return the score; the kernel's out-of-memory killer ends the process with the highest one first."""
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


def is_taken_first(helper: int, parent: int) -> bool:
    return oom_score(helper) > oom_score(parent)


def test_helpers_that_die_idle_are_replaced(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    for role in ("model process", "media"):
        helper = worker.helper(role)
        wait_for(partial(is_taken_first, helper.pid, worker.pid), "the kernel to take it first", 30)
        helper.kill()
        helper.wait(30)  # until its parent notices
    (outcome,) = lab.wait_for_ends([lab.submit()])
    assert (outcome.status, outcome.attempts, outcome.incidents) == (DONE, 1, ())


def test_a_note_does_not_wait_behind_a_long_file(make_lab, tmp_path: Path) -> None:
    lab: WorkerLab = make_lab(asr_model="sleep-100ms", max_inflight=3, long_audio_seconds=20)
    worker = lab.worker()
    path = recording_of(tmp_path / "long.wav", *["zh_meeting"] * 3)
    long = lab.submit(path, "gated-after-2", batch_size=4)
    wait_for(lambda: len(lab.calls()) == 3, "the middle of the long file")
    note = lab.submit(NOTE, "note")
    worker.wait_for_log(f"task={note.short_id} vad_segments")
    lab.open_gate()
    passing, passed = lab.wait_for_ends([note, long])
    calls = [call[0][1] for call in lab.calls()]
    assert calls.index(("note",)) <= 3 + 1, "one batch was in hand, and one in the pipe"
    assert passing.ended_at < passed.ended_at
    assert sum(map(len, lab.calls())) == len(passed.segments) + 1, "nothing ran twice for the note's sake"


def test_the_smallest_batch_size_works(make_lab) -> None:
    lab: WorkerLab = make_lab()
    lab.worker()
    (outcome,) = lab.wait_for_ends([lab.submit(batch_size=1)])
    assert outcome.status is DONE
    assert all(segment["e"] - segment["s"] <= 2 for segment in outcome.segments)


def test_invalid_results_fail_only_their_own_chunk(make_lab) -> None:
    """Results without numbers, with far too much text, or missing: other chunks of the call keep theirs, and
    the model process survives."""
    lab: WorkerLab = make_lab(max_inflight=7, max_attempts=1)
    worker = lab.worker()
    link = worker.helper("model process").pid
    tasks: list[Task] = []
    for fault, said in {
        "fault-nan": "invalid result",
        "fault-shape": "invalid result",
        "fault-huge": "far more text",
    }.items():
        guilty, innocent = mixed_batch(lab, worker, fault)
        tasks += [guilty, *innocent]
        assert_innocent(lab.wait_for_ends(innocent))
        (failed,) = lab.wait_for_ends([guilty])
        assert (failed.status, failed.code, failed.attempts) == (FAILED, "engine_error", 1)
        assert said in str(failed.error)
        assert_shared_a_call(lab, fault)
    odd = lab.submit(NOTE, "fault-control")
    (outcome,) = lab.wait_for_ends([odd])
    assert (outcome.status, outcome.text) == (DONE, "a b [31m  \ufffdz")
    assert [(each["s"], each["e"]) for each in outcome.segments] == [(0.38, 9.36)], "within its chunk"
    assert worker.helper("model process").pid == link
    lab.assert_ended_once([*tasks, odd])


def test_a_recording_that_kills_whole_workers_fails(make_lab) -> None:
    """As in a container that runs out of memory. The recording fails in the end, and other tasks are done."""
    lab: WorkerLab = make_lab(max_inflight=3, max_attempts=2)
    poison = lab.submit(NOTE, "fault-kill")
    innocent = lab.submit(NOTE)
    deaths = 0
    for number in range(1, 9):
        worker = lab.worker(number)
        wait_for(lambda w=worker: not w.is_alive() or lab.outcome(poison), "a death, or the end of it")
        if lab.outcome(poison):
            break
        deaths += 1
        assert worker.wait() == -signal.SIGKILL
        lab.let_claims_expire()
    failed, done = lab.wait_for_ends([poison, innocent])
    assert (failed.status, failed.code) == (FAILED, "worker_died")
    assert failed.error is not None
    assert failed.error.endswith("the only task in its engine. Given up after 2 attempts.")
    assert deaths == 1 + 2, "once in company or by chance, then as often as it may be blamed"
    assert (done.status, done.attempts, done.text) == (DONE, 1, "9.64 seconds")
    lab.assert_ended_once([poison, innocent])


def test_stopping_a_worker_on_purpose_blames_no_task(make_lab) -> None:
    lab: WorkerLab = make_lab(max_attempts=1, shutdown_seconds=2)
    task = lab.submit(NOTE, "fault-hang")
    for number in range(1, 4):
        worker = lab.worker(number)
        wait_for(lambda n=number: len(lab.calls()) == n, "the chunk in the engine")
        worker.stop()
        assert lab.document(task)["status"] == "queued"
    lab.worker(9, ASR_MODEL="noop")
    wait_for(lambda: len(lab.calls()) == 4, "the chunk in the engine again")
    assert lab.outcome(task) is None
