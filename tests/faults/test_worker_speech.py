"""Texts in progress on real workers that die, fail, and continue."""

from __future__ import annotations

import signal
import time

import av
import numpy as np
import pytest
from counting_voice import LETTER_SECONDS
from worker_lab import NOTE, WorkerLab, wait_for

from voxq.core.task import Priority, Status, Task
from voxq.queue.claiming import CLAIM_TTL

DONE = Status.DONE


def sentences(count: int, word: str = "slowly") -> list[str]:
    return [f"This is sentence {number} and it is spoken {word}." for number in range(1, count + 1)]


def held_after(count: int, all_in_all: int) -> list[str]:
    """Make sentences, of which the first `count` are spoken while the gate is closed."""
    return [*sentences(count, "aloud"), *sentences(all_in_all, "gated")[count:]]


def samples_of(lab: WorkerLab, task: Task) -> np.ndarray:
    with av.open(str(lab.parts.blobs.path(task.file))) as container:
        return np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])


def test_a_killed_worker_costs_only_the_sentence_being_spoken(make_lab) -> None:
    lab: WorkerLab = make_lab(max_inflight=2)
    said = held_after(5, 12)
    first = lab.worker()
    task = lab.submit_text(" ".join(said))
    wait_for(lambda: len(lab.spoken()) == 6 and lab.chunks_kept(task) == 5, "its sixth sentence")
    first.kill()
    lab.open_gate()
    before = len(lab.spoken())
    lab.worker(2)
    (outcome,) = lab.wait_for_ends([task], CLAIM_TTL + 30)
    assert (outcome.status, outcome.attempts, outcome.worker_id) == (DONE, 1, 2)
    assert len(lab.spoken()) <= len(said) + 2, f"{before} were spoken before"
    assert [segment["t"] for segment in outcome.segments] == said
    undisturbed = lab.submit_text(" ".join(said))
    lab.wait_for_ends([undisturbed])
    assert np.array_equal(samples_of(lab, task), samples_of(lab, undisturbed)), "the same to the sample"
    lab.assert_ended_once([task, undisturbed])


def test_times_of_sentences_and_the_duration_are_exact(make_lab) -> None:
    lab: WorkerLab = make_lab()
    lab.worker()
    task = lab.submit_text("One two three. Four five.\n\nSix seven, eight!", speed=1.0)
    (outcome,) = lab.wait_for_ends([task])
    spans = [(each["s"], each["e"]) for each in outcome.segments]
    lengths = [len(each["t"]) * LETTER_SECONDS for each in outcome.segments]
    assert [end - start for start, end in spans] == pytest.approx(lengths, abs=1e-3)
    assert [start - end for (start, _), (_, end) in zip(spans[1:], spans[:-1], strict=True)] == pytest.approx(
        [0.3, 0.6], abs=1e-3
    )
    assert len(samples_of(lab, task)) == round(outcome.duration * 16_000)
    assert outcome.sample_rate == 16_000
    assert lab.document(task)["duration"] == pytest.approx(outcome.duration, abs=1e-3)


@pytest.mark.parametrize(
    ("word", "code", "attempts"),
    [("crash", "engine_crashed", 3), ("nonsense", "engine_error", 3), ("foreign", "language_unavailable", 1)],
)
def test_a_sentence_that_cannot_be_spoken_fails_its_text_only(
    make_lab, word: str, code: str, attempts: int
) -> None:
    lab: WorkerLab = make_lab(max_inflight=3)
    lab.worker()
    bad = lab.submit_text(f"All is well. Now comes the {word}. All is well again.")
    good = lab.submit_text(" ".join(sentences(2, "well")))
    failed, done = lab.wait_for_ends([bad, good], 40)
    assert (failed.status, failed.code, done.status) == (Status.FAILED, code, DONE)
    assert sum(word in sentence for sentence in lab.spoken()) == attempts
    assert "recording" not in (failed.error or "")
    assert not lab.parts.blobs.exists(bad.file)
    # The task contains its text, so it can be retried whatever is left on disk.
    again, _ = lab.parts.control("tts", lab.client).retry(bad.id, 1)
    (outcome,) = lab.wait_for_ends([again], 40)
    assert outcome.code == code


def test_unpronounceable_sentences_are_skipped_but_not_a_whole_text(make_lab) -> None:
    lab: WorkerLab = make_lab()
    lab.worker()
    some, none = lab.submit_text("Here it is. Only silence. And on."), lab.submit_text("Only silence.")
    done, failed = lab.wait_for_ends([some, none])
    assert (done.status, failed.status, failed.code) == (DONE, Status.FAILED, "unpronounceable")
    assert [round(each["e"] - each["s"], 2) for each in done.segments] == [0.11, 0.0, 0.07]


def test_a_cancelled_text_stops_and_leaves_nothing(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    task = lab.submit_text(" ".join(held_after(5, 60)))
    wait_for(lambda: lab.document(task).get("progress", 0) > 0, "its progress")
    assert lab.document(task)["text"].startswith("This is sentence 1")
    assert lab.parts.control("tts", lab.client).cancel(task.id)
    worker.wait_for_log("status=dropped")
    lab.open_gate()
    lab.wait_for_ends([task])
    wait_for(lambda: not list(lab.parts.work.names()), "the end of its files")
    time.sleep(1)
    assert len(lab.spoken()) <= 6 + 8, "what was given to the engine is all there is"
    lab.assert_ended_once([task])


def test_a_text_deleted_during_its_last_sentence_leaves_no_speech(make_lab) -> None:
    lab: WorkerLab = make_lab()
    worker = lab.worker()
    task = lab.submit_text(" ".join(held_after(1, 2)))
    wait_for(lambda: len(lab.spoken()) == 2, "its last sentence")
    control = lab.parts.control("tts", lab.client)
    assert control.cancel(task.id)
    assert control.forget(task.id)
    worker.wait_for_log("status=dropped")
    assert lab.parts.blobs.all() == []
    assert list(lab.parts.work.names()) == []


def test_a_hundred_thousand_characters_delay_neither_a_note_nor_a_short_text(make_lab) -> None:
    """They are submitted while the book is being spoken, and end long before it."""
    lab: WorkerLab = make_lab(max_inflight=4, rq_worker_timeout=600)
    lab.worker()
    line = "The ship went on through the night, and nobody on board spoke a word until the morning. "
    book = lab.submit_text((line * (100_000 // len(line) + 1))[:100_000])
    wait_for(lambda: len(lab.spoken()) > 20, "the book's beginning")
    others = [lab.submit(NOTE), lab.submit_text("Hello.", priority=Priority.HIGH)]
    note, short = lab.wait_for_ends(others)
    assert (note.status, short.status) == (DONE, DONE)
    (outcome,) = lab.wait_for_ends([book], 120)
    assert max(note.ended_at, short.ended_at) < outcome.ended_at
    assert outcome.status is DONE
    assert len(outcome.segments) == len(lab.spoken()) - 1
    assert outcome.duration == pytest.approx(100_000 * LETTER_SECONDS + 1130 * 0.3, rel=0.02)
    lab.assert_ended_once([book, *others])


def test_a_slow_long_text_gets_more_time_and_a_stuck_one_does_not(make_lab) -> None:
    """The limit on engine time grows only with the prediction from the warm-up."""
    lab: WorkerLab = make_lab(rq_worker_timeout=1)
    worker = lab.worker(VOXQ_TEST_SENTENCE_SECONDS="0.1")
    long = lab.submit_text(" ".join(sentences(25, "aloud")))
    (outcome,) = lab.wait_for_ends([long], 40)
    assert outcome.status is DONE, outcome.error
    assert outcome.timings.engine > 1, "more than the operator allows"
    worker.stop()
    lab.worker(2)
    stuck = lab.submit_text(" ".join(sentences(25)))
    (outcome,) = lab.wait_for_ends([stuck], 40)
    limits = range(1, 10)  # the warm-up on a busy machine predicts more
    assert outcome.code == "timeout"
    assert outcome.error in {f"Processing timeout ({limit}s exceeded)" for limit in limits}


@pytest.mark.parametrize(("device", "is_apart"), [("cuda:0", True), ("cpu", False)])
def test_synthesis_on_the_cpu_does_not_wait_for_the_gpu_but_shares_the_cpu(
    make_lab, device: str, is_apart: bool
) -> None:
    """A recording stays in the engine for as long as the gate is closed."""
    lab: WorkerLab = make_lab(max_inflight=4, preload_models="noop,counting_voice:KIND")
    worker = lab.worker(device=device, VOXQ_TEST_SYNTHESISER="counting_voice:KIND")
    assert {model["name"] for model in lab.facts(1)["resident"]} == {"noop", "counting_voice:KIND"}
    lab.close_gate()
    recording = lab.submit(NOTE, "gated")
    wait_for(lab.calls, "the recording's call")
    text = lab.submit_text("All is well.", priority=Priority.HIGH)
    if is_apart:
        lab.wait_for_ends([text], 20)
        assert lab.outcome(recording) is None
    else:
        lab.wait_for_status(text, "processing", 20)
        time.sleep(0.5)
        assert lab.spoken() == []
    lab.open_gate()
    outcomes = lab.wait_for_ends([recording, text])
    assert [outcome.status for outcome in outcomes] == [DONE, DONE]
    assert worker.stop() < lab.settings.shutdown_seconds


def test_a_stopping_worker_finishes_the_batch_on_each_device(make_lab) -> None:
    lab: WorkerLab = make_lab(max_inflight=4, preload_models="noop,counting_voice:KIND")
    worker = lab.worker(device="cuda:0", VOXQ_TEST_SYNTHESISER="counting_voice:KIND")
    lab.close_gate()
    tasks = [lab.submit(NOTE, "gated"), lab.submit_text("It is gated.")]
    wait_for(lambda: lab.calls() and lab.spoken(), "both engines at work")
    worker.send(signal.SIGTERM)
    time.sleep(0.3)
    assert worker.is_alive(), "it waits for both"
    lab.open_gate()
    assert worker.wait() == 0
    lab.worker(2)
    outcomes = lab.wait_for_ends(tasks)
    assert [outcome.status for outcome in outcomes] == [DONE, DONE]
    assert (len(lab.calls()), len(lab.spoken())) == (1, 1), "nothing was done twice"


def test_after_redis_was_emptied_tasks_of_both_kinds_are_restored(make_lab) -> None:
    lab: WorkerLab = make_lab(max_inflight=3)
    worker = lab.worker()
    failing = lab.submit_text("It is a foreign word.")
    finished = lab.submit_text("All is well.")
    lab.wait_for_ends([failing, finished])
    under_way = lab.submit_text(" ".join(sentences(15)))
    wait_for(lambda: len(lab.spoken()) > 4, "its third sentence")
    lab.client.flushall()
    recording = lab.submit(NOTE)
    outcomes = lab.wait_for_ends([under_way, recording], 40)
    assert [outcome.status for outcome in outcomes] == [DONE, DONE]
    store = lab.parts.stores["tts"]
    wait_for(lambda: lab.document(failing).get("status") == "failed", "the failed text's result")
    assert lab.client.hget(store.audio_key, failing.short_id) == failing.file, "its short id leads to it"
    wait_for(lambda: lab.client.llen(store.history_key) == 3, "its history")
    assert lab.client.llen(lab.parts.stores["asr"].history_key) == 1
    assert len(lab.spoken()) == 1 + 1 + 15, "nothing was spoken twice"
    assert worker.stop() < lab.settings.shutdown_seconds


@pytest.mark.slow
def test_a_worker_killed_at_any_step_loses_nothing(make_lab) -> None:
    """Workers die one after another, each at another step with a text in progress; the last one cleans up."""
    lab: WorkerLab = make_lab()
    steps = ("W1", "W2", "W3", "W4", "E1", "E2", "E3")
    tasks = [lab.submit_text(" ".join(sentences(3, f"in text {number}"))) for number in range(len(steps) + 1)]
    for number, step in enumerate(steps, start=1):
        dying = lab.worker(number, ready=False, VOXQ_KILL_AT=step)
        assert dying.wait(90) != 0, dying.log
    lab.worker(9)
    outcomes = lab.wait_for_ends(tasks, CLAIM_TTL + 40)
    assert [(outcome.status, outcome.attempts) for outcome in outcomes] == [(DONE, 1)] * len(tasks)
    assert all(len(samples_of(lab, task)) for task in tasks)
    assert len(lab.spoken()) <= 3 * len(tasks) + len(steps) * 2
    lab.assert_ended_once(tasks)


def test_invalid_audio_fails_only_its_own_text(make_lab) -> None:
    lab: WorkerLab = make_lab(max_inflight=7, max_attempts=1)
    worker = lab.worker()
    nonsense = {
        "static": "returned invalid audio",
        "stereo": "returned invalid audio",
        "hollow": "returned invalid audio",
        "eternity": "far longer than this text can be",
        "chipmunk": "changed its sample rate",
    }
    good = lab.submit_text("All is well, and it stays so.")
    lab.wait_for_ends([good])
    bad = [lab.submit_text(f"All is well. Now comes {word}. All is well again.") for word in nonsense]
    for failed, said in zip(lab.wait_for_ends(bad, 40), nonsense.values(), strict=True):
        assert (failed.status, failed.code) == (Status.FAILED, "engine_error")
        assert said in str(failed.error)
    assert "process ended:" not in worker.log
    lab.assert_ended_once([good, *bad])
