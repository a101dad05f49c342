from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import model_plan
from task_lab import make_task

from voxq.core.outcome import Incident
from voxq.core.task import Status, Task
from voxq.engines.contract import Recognised
from voxq.kinds.transcription import TranscriptionOptions
from voxq.queue.claiming import TaskExecution
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.transcript import Segment, Word
from voxq.storage.scratch import WorkFiles
from voxq.worker.runs.chunks import Span
from voxq.worker.runs.task_run import Prepared
from voxq.worker.runs.transcription_run import TranscriptionRun

WHOLE = Prepared(duration=10.0, decode=0.1, vad=0.05)


def spans(*lengths: float) -> list[Span]:
    ends = [sum(lengths[: n + 1]) for n in range(len(lengths))]
    return [
        Span(int((end - length) * SAMPLE_RATE), int(end * SAMPLE_RATE))
        for end, length in zip(ends, lengths, strict=True)
    ]


def result(text: str = "hello", language: str | None = "en") -> Recognised:
    return Recognised((Segment(text, 0.0, 1.0, (Word(text, 0.0, 1.0),)),), language)


def assign(
    root: Path,
    task: Task | None = None,
    options: TranscriptionOptions | None = None,
    *,
    language_first: bool = False,
) -> TranscriptionRun:
    task = task or make_task()
    return TranscriptionRun(
        TaskExecution(task, "execution"),
        WorkFiles(root).open(task),
        model_plan(detects_language=language_first),
        options or TranscriptionOptions(),
        admitted_at=time.time(),
    )


def run(
    task_run: TranscriptionRun, index: int, answer: Recognised | None = None, seconds: float = 0.5
) -> None:
    task_run.begin([index])
    task_run.finish(index, answer or result(f"chunk {index}"), "revision", seconds)
    task_run.mark_running()


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=12),
    st.integers(0, 700),
    st.randoms(use_true_random=False),
)
def test_progress_never_falls_and_stays_below_a_hundred(tmp_path_factory, lengths, guess, random) -> None:
    """Find and finish chunks in any order, with any wrong estimate of the duration."""
    task_run = assign(tmp_path_factory.mktemp("w"), make_task(duration=guess))
    left, told = spans(*lengths), [0]
    while left or not task_run.prepared:
        if left and random.random() < 0.5:
            task_run.find([left.pop(0)], "revision")
        elif not left:
            task_run.prepare(WHOLE)
        elif waiting := task_run.waiting(1):
            run(task_run, waiting[0])
        told.append(task_run.progress)
    while waiting := task_run.waiting(3):
        for index in waiting:
            run(task_run, index)
        told.append(task_run.progress)
    assert task_run.is_complete
    assert told == sorted(told)
    assert told[-1] == 99


def test_nothing_is_complete_before_all_is_decoded(tmp_path: Path) -> None:
    task_run = assign(tmp_path)
    assert not task_run.is_complete
    task_run.find(spans(5.0), "revision")
    run(task_run, 0)
    assert not task_run.is_complete
    task_run.prepare(WHOLE)
    assert task_run.is_complete


def test_a_recording_without_speech_is_complete_at_once(tmp_path: Path) -> None:
    task_run = assign(tmp_path)
    task_run.prepare(WHOLE)
    assert task_run.is_complete
    outcome = task_run.done(time.time(), worker_id=3)
    assert (outcome.status, outcome.text, outcome.language, outcome.attempts) == (Status.DONE, "", None, 1)


def test_chunks_come_one_at_a_time_until_the_language_is_known(tmp_path: Path) -> None:
    task_run = assign(tmp_path, language_first=True)
    task_run.find(spans(5.0, 5.0, 5.0, 5.0), "revision")
    assert task_run.waiting(10) == [0]
    task_run.begin([0])
    assert list(task_run.waiting(10)) == []
    task_run.finish(0, Recognised((), None), "revision", 0.1)
    assert task_run.waiting(10) == [1], "silence does not tell"
    assert task_run.options["language"] is None
    run(task_run, 1, result(language="zh"))
    assert task_run.waiting(10) == [2, 3]
    assert task_run.options["language"] == "zh"


@pytest.mark.parametrize(
    ("options", "language_first"),
    [(TranscriptionOptions(language="de"), True), (TranscriptionOptions(), False)],
    ids=["given", "each"],
)
def test_without_need_nobody_waits_for_the_language(
    tmp_path: Path, options: TranscriptionOptions, language_first: bool
) -> None:
    task_run = assign(tmp_path, options=options, language_first=language_first)
    task_run.find(spans(5.0, 5.0), "revision")
    assert task_run.waiting(10) == [0, 1]
    run(task_run, 0)
    assert task_run.options["language"] == options.language


def test_another_worker_does_only_the_rest(tmp_path: Path) -> None:
    task, parts = make_task(), spans(4.0, 3.0, 2.0)
    first = assign(tmp_path, task, language_first=True)
    first.find(parts, "revision")
    run(first, 0, result("one", "zh"), seconds=0.25)
    run(first, 1, result("two", "zh"), seconds=0.5)
    first.begin([2])

    second = assign(tmp_path, task, language_first=True)
    second.find(parts, "revision")
    assert second.waiting(10) == [2]
    assert second.chunks.is_suspect(2), "it was in the engine when the worker died"
    assert second.options["language"] == "zh"
    assert second.engine_seconds == 0.75
    assert second.progress == first.progress
    assert [s.words for s in second.segments()] == [s.words for s in first.segments()]


def test_what_another_worker_did_is_matched_when_the_model_is_known(tmp_path: Path) -> None:
    task, parts = make_task(), spans(4.0, 3.0, 2.0)
    first = assign(tmp_path, task)
    first.find(parts, "revision")
    run(first, 0)
    run(first, 1)
    first.begin([0, 2])  # it died before it could record that the first had left the engine

    second = assign(tmp_path, task)
    second.find(parts, None)
    second.prepare(WHOLE)
    assert second.chunks.all_waiting == (0, 1, 2), "so that the model is brought"
    second.recall("revision")
    assert second.waiting(10) == [2]
    assert not second.chunks.is_suspect(0)
    assert [s.text for s in second.segments()] == ["chunk 0", "chunk 1"]


@pytest.mark.parametrize("change", ["revision", "options", "sound"])
def test_chunks_of_other_conditions_are_done_again(tmp_path: Path, change: str) -> None:
    task, parts = make_task(), spans(4.0, 3.0)
    first = assign(tmp_path, task)
    first.find(parts, "revision")
    run(first, 0)
    second = assign(
        tmp_path,
        make_task(id=task.id, sha256="1" * 64) if change == "sound" else task,
        TranscriptionOptions(words=True) if change == "options" else None,
    )
    second.find(parts, "other" if change == "revision" else "revision")
    assert second.waiting(10) == [0, 1]


def test_decoding_anew_keeps_what_is_finished(tmp_path: Path) -> None:
    task_run, parts = assign(tmp_path), spans(4.0, 3.0, 2.0)
    task_run.find(parts[:2], "revision")
    run(task_run, 0)
    task_run.start_over()
    assert list(task_run.waiting(10)) == []
    task_run.find(parts, "revision")
    assert task_run.waiting(10) == [1, 2]


def test_a_task_whose_end_cannot_be_written_has_nothing_left_to_run(tmp_path: Path) -> None:
    task_run = assign(tmp_path)
    task_run.find(spans(4.0), "revision")
    task_run.outcome = task_run.cancelled(time.time(), worker_id=1)
    assert list(task_run.waiting(10)) == []


def test_blames_are_attempts_and_are_remembered(tmp_path: Path) -> None:
    task = make_task()
    task_run = assign(tmp_path, task)
    for blamed in (True, False):
        task_run.add_incident(Incident(time.time(), "engine_crashed", "x"), blamed=blamed)
    again = assign(tmp_path, task)
    again.prepare(WHOLE)
    outcome = again.done(time.time(), worker_id=1)
    assert (outcome.attempts, len(outcome.incidents)) == (2, 2)
    assert task_run.failed(time.time(), 1, "engine_crashed", "x").attempts == 1


def test_a_result_that_cannot_be_kept_counts_all_the_same(tmp_path: Path) -> None:
    task_run = assign(tmp_path)
    task_run.find(spans(4.0), "revision")
    (directory,) = tmp_path.iterdir()
    (directory / "chunks.jsonl").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        task_run.finish(0, result(), "revision", 0.1)
    assert task_run.chunks.are_finished


def test_what_is_not_decoded_counts_as_work_left(tmp_path: Path) -> None:
    task_run = assign(tmp_path, make_task(duration=600.0))
    task_run.find(spans(4.0), "revision")
    assert task_run.seconds_left == 600.0
    run(task_run, 0)
    assert task_run.seconds_left == pytest.approx(596.0)
    task_run.prepare(WHOLE)
    assert task_run.seconds_left == 0


def test_segments_are_timed_from_the_start_of_the_recording(tmp_path: Path) -> None:
    task_run = assign(tmp_path)
    task_run.find(spans(3.0, 1.0), "revision")
    for index in (1, 0):
        run(task_run, index)
    assert [(s.start, s.end) for s in task_run.segments()] == [(0.0, 1.0), (3.0, 4.0)]


def test_the_first_speech_gives_the_language(tmp_path: Path) -> None:
    task_run = assign(tmp_path)
    task_run.find(spans(1.0, 1.0, 1.0), "revision")
    run(task_run, 0, Recognised((), None))
    assert task_run.transcript().language is None
    run(task_run, 1, result(language="zh"))
    run(task_run, 2, result(language="en"))
    assert task_run.transcript().language == "zh"
