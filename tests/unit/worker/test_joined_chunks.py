"""Pieces of a recording that go to the engine as one chunk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from plans import model_plan
from runs import task_run_of
from task_lab import make_task

from voxq.core.task import Task
from voxq.engines.contract import Recognised
from voxq.kinds.pieces import Span
from voxq.kinds.transcription import TranscriptionRun
from voxq.kinds.work import Prepared
from voxq.processes.model.protocol import SpanRef
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.transcript import Segment
from voxq.worker.runs.task_run import TaskRun

PIECES = (
    Span(0, 4 * SAMPLE_RATE),
    Span(4 * SAMPLE_RATE, 8 * SAMPLE_RATE, is_part=True),
    Span(9 * SAMPLE_RATE, 11 * SAMPLE_RATE),
    Span(11 * SAMPLE_RATE, 15 * SAMPLE_RATE, is_part=True),
    Span(15 * SAMPLE_RATE, 19 * SAMPLE_RATE, is_part=True),
)
"""Two chunks."""


def run_of(root: Path, task: Task | None = None) -> TaskRun:
    return task_run_of(task or make_task(), root, model_plan(detects_language=False))


def find(task_run: TaskRun, pieces: Sequence[Span] = PIECES) -> None:
    task_run.find(pieces, {"noop": "revision"})


def finish(task_run: TaskRun, index: int, count: int) -> None:
    step = task_run.first
    if count > 1:
        step.join(index, count)
    step.begin([index])
    heard = Recognised((Segment(f"{index} to {index + count - 1}", 0.0, 1.0),), "en")
    step.finish(index, heard, "revision", 0.5)
    task_run.mark_running()


def text_of(task_run: TaskRun) -> str:
    policy = task_run.policy
    assert isinstance(policy, TranscriptionRun)
    return " ".join(segment.text for segment in policy.recognition.segments())


def test_the_pieces_of_a_chunk_are_joined(tmp_path: Path) -> None:
    task_run = run_of(tmp_path)
    find(task_run)
    step = task_run.first
    assert [step.next_chunk(index) for index in range(5)] == [2, 1, 3, 2, 1]
    assert step.seconds_of(2, 3) == 10.0
    step.join(2, 3)
    assert step.waiting(10) == [0, 1, 2]
    ref = step.ref(2)
    assert isinstance(ref, SpanRef)
    assert (ref.start, ref.end) == (9 * SAMPLE_RATE, 19 * SAMPLE_RATE)


def test_a_chunk_being_recognised_divides_those_that_wait(tmp_path: Path) -> None:
    task_run = run_of(tmp_path)
    find(task_run)
    task_run.first.begin([1])
    assert task_run.first.next_chunk(0) == 1


def test_a_suspect_is_a_chunk_of_its_own(tmp_path: Path) -> None:
    task_run = run_of(tmp_path)
    find(task_run)
    task_run.first.chunks.suspect(1)
    assert task_run.first.next_chunk(0) == 1
    assert task_run.first.next_chunk(1) == 1


def test_a_result_counts_for_all_its_pieces(tmp_path: Path) -> None:
    task_run = run_of(tmp_path)
    find(task_run)
    task_run.prepare(Prepared(29.0, 0.1, 0.1))
    finish(task_run, 0, 2)
    finish(task_run, 3, 2)
    assert not task_run.is_complete
    finish(task_run, 2, 1)
    assert task_run.is_complete
    assert text_of(task_run) == "0 to 1 2 to 2 3 to 4"


def test_joined_results_are_kept_when_a_worker_dies(tmp_path: Path) -> None:
    task = make_task()
    first = run_of(tmp_path, task)
    find(first)
    finish(first, 0, 2)
    finish(first, 2, 1)
    first.first.join(3, 1)
    first.first.begin([3])

    second = run_of(tmp_path, task)
    find(second)
    assert second.first.waiting(10) == [4, 3], "the suspect last"
    finish(second, 3, 1)
    finish(second, 4, 1)
    assert text_of(second) == "0 to 1 2 to 2 3 to 3 4 to 4"


def test_a_joined_result_waits_for_its_last_piece(tmp_path: Path) -> None:
    task = make_task()
    first = run_of(tmp_path, task)
    find(first)
    finish(first, 1, 3)
    second = run_of(tmp_path, task)
    find(second, PIECES[:3])
    assert second.first.waiting(10) == [0, 1, 2]
    find(second, PIECES[3:])
    assert second.first.waiting(10) == [0, 4]


def test_no_word_is_doubled_if_a_part_was_recognised_meanwhile(tmp_path: Path) -> None:
    task = make_task()
    first = run_of(tmp_path, task)
    find(first)
    finish(first, 1, 3)
    second = run_of(tmp_path, task)
    find(second, PIECES[:3])
    finish(second, 2, 1)
    find(second, PIECES[3:])
    assert second.first.waiting(10) == [0, 1, 3, 4]


def test_all_pieces_of_a_chunk_that_was_in_the_engine_are_suspect(tmp_path: Path) -> None:
    task = make_task()
    first = run_of(tmp_path, task)
    find(first)
    first.first.join(1, 2)
    first.first.begin([1])

    second = run_of(tmp_path, task)
    find(second)
    assert [index for index in range(5) if second.first.chunks.is_suspect(index)] == [1, 2]
    assert second.first.running == []


def test_a_recording_read_anew_keeps_its_joined_chunks(tmp_path: Path) -> None:
    task_run = run_of(tmp_path)
    find(task_run)
    finish(task_run, 0, 2)
    task_run.start_over()
    find(task_run)
    assert task_run.first.waiting(10) == [2, 3, 4]
