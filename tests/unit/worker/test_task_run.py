from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import model_plan
from runs import task_run_of
from task_lab import make_task

from voxq.core.outcome import Incident, Outcome
from voxq.core.task import Status, Task
from voxq.engines.contract import Recognised
from voxq.kinds.pieces import Phrase, Span
from voxq.kinds.speech import SpeechOptions
from voxq.kinds.transcription import TranscriptionOptions, TranscriptionRun
from voxq.kinds.transcription.recognition import Recognition
from voxq.kinds.work import Prepared
from voxq.processes.model.protocol import KeptSpeech
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.sentences import Break
from voxq.speech.transcript import Dropped, Segment, Word
from voxq.storage.scratch import WorkFiles
from voxq.worker.runs.task_run import TaskRun

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
) -> TaskRun:
    task = task or make_task()
    task = task.evolve(options=options) if options else task
    return task_run_of(task, root, model_plan(detects_language=language_first))


def run(task_run: TaskRun, index: int, answer: Recognised | None = None, seconds: float = 0.5) -> None:
    task_run.first.begin([index])
    task_run.first.finish(index, answer or result(f"chunk {index}"), "revision", seconds)
    task_run.mark_running()


def find(task_run: TaskRun, pieces: list[Span], revision: str | None = "revision") -> None:
    task_run.find(pieces, {"noop": revision})


def recognition(task_run: TaskRun) -> Recognition:
    assert isinstance(task_run.policy, TranscriptionRun)
    return task_run.policy.recognition


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
            find(task_run, [left.pop(0)], "revision")
        elif not left:
            task_run.prepare(WHOLE)
        elif waiting := task_run.first.waiting(1):
            run(task_run, waiting[0])
        told.append(task_run.progress)
    while waiting := task_run.first.waiting(3):
        for index in waiting:
            run(task_run, index)
        told.append(task_run.progress)
    assert task_run.is_complete
    assert told == sorted(told)
    assert told[-1] == 99


def test_nothing_is_complete_before_all_is_decoded(tmp_path: Path) -> None:
    task_run = assign(tmp_path)
    assert not task_run.is_complete
    find(task_run, spans(5.0), "revision")
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
    find(task_run, spans(5.0, 5.0, 5.0, 5.0), "revision")
    assert task_run.first.waiting(10) == [0]
    task_run.first.begin([0])
    assert list(task_run.first.waiting(10)) == []
    task_run.first.finish(0, Recognised((), None), "revision", 0.1)
    assert task_run.first.waiting(10) == [1], "silence does not tell"
    assert recognition(task_run).options["language"] is None
    run(task_run, 1, result(language="zh"))
    assert task_run.first.waiting(10) == [2, 3]
    assert recognition(task_run).options["language"] == "zh"


def test_a_model_that_follows_the_language_gets_the_likely_one(tmp_path: Path) -> None:
    plan = model_plan(detects_language=True, follows_language=True)
    task_run = task_run_of(make_task(), tmp_path, plan)
    find(task_run, spans(5.0, 5.0, 5.0, 5.0), "revision")
    run(task_run, 0, result("No.", "fr"))
    assert task_run.first.waiting(10) == [1], "a word of a second does not tell"
    long = Segment("今天天气很好", 0.0, 4.0, language="zh")
    run(task_run, 1, Recognised((long,), "zh"))
    assert task_run.first.waiting(10) == [2, 3]
    assert recognition(task_run).options["language"] is None
    assert recognition(task_run).options["likely_language"] == "zh"
    run(task_run, 2, Recognised((Segment("Hello there", 0.0, 2.0, language="en"),), "en"))
    run(task_run, 3, Recognised((), None, (Dropped("Thank you.", 1.0, 2.0, "no_speech"),)))
    task_run.prepare(WHOLE)
    outcome = task_run.done(time.time(), worker_id=1)
    assert outcome.language == "zh", "it is spoken longest"
    assert [segment["l"] for segment in outcome.segments] == ["fr", "zh", "en"]
    assert outcome.dropped == ({"t": "Thank you.", "s": 16.0, "e": 17.0, "y": "no_speech"},)
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


def test_what_was_taken_out_survives_the_worker(tmp_path: Path) -> None:
    first = assign(tmp_path)
    find(first, spans(5.0))
    dropped = Dropped("you", 1.0, 1.5, "no_speech")
    run(first, 0, Recognised((Segment("Hello", 0.0, 1.0),), "en", (dropped,)))
    second = assign(tmp_path, first.task)
    find(second, spans(5.0))
    assert list(recognition(second).dropped()) == [dropped]


@pytest.mark.parametrize(
    ("options", "language_first"),
    [(TranscriptionOptions(language="de"), True), (TranscriptionOptions(), False)],
    ids=["given", "each"],
)
def test_chunks_wait_for_the_language_only_if_needed(
    tmp_path: Path, options: TranscriptionOptions, language_first: bool
) -> None:
    task_run = assign(tmp_path, options=options, language_first=language_first)
    find(task_run, spans(5.0, 5.0), "revision")
    assert task_run.first.waiting(10) == [0, 1]
    run(task_run, 0)
    assert recognition(task_run).options["language"] == options.language


def test_another_worker_does_only_unfinished_chunks(tmp_path: Path) -> None:
    task, parts = make_task(), spans(4.0, 3.0, 2.0)
    first = assign(tmp_path, task, language_first=True)
    find(first, parts, "revision")
    run(first, 0, result("one", "zh"), seconds=0.25)
    run(first, 1, result("two", "zh"), seconds=0.5)
    first.first.begin([2])

    second = assign(tmp_path, task, language_first=True)
    find(second, parts, "revision")
    assert second.first.waiting(10) == [2]
    assert second.first.chunks.is_suspect(2), "it was in the engine when the worker died"
    assert recognition(second).options["language"] == "zh"
    assert second.engine_seconds == 0.75
    assert second.progress == first.progress
    assert [s.words for s in recognition(second).segments()] == [
        s.words for s in recognition(first).segments()
    ]


def test_finished_chunks_are_matched_once_the_model_is_known(tmp_path: Path) -> None:
    task, parts = make_task(), spans(4.0, 3.0, 2.0)
    first = assign(tmp_path, task)
    find(first, parts, "revision")
    run(first, 0)
    run(first, 1)
    first.first.begin([0, 2])  # it died before it could write that the first is no longer in the engine

    second = assign(tmp_path, task)
    find(second, parts, None)
    second.prepare(WHOLE)
    assert second.first.chunks.all_waiting == (0, 1, 2), "so that the model is brought"
    second.recall("noop", "revision")
    assert second.first.waiting(10) == [2]
    assert not second.first.chunks.is_suspect(0)
    assert [s.text for s in recognition(second).segments()] == ["chunk 0", "chunk 1"]


@pytest.mark.parametrize("change", ["revision", "options", "sound"])
def test_chunks_of_other_conditions_are_done_again(tmp_path: Path, change: str) -> None:
    task, parts = make_task(), spans(4.0, 3.0)
    first = assign(tmp_path, task)
    find(first, parts, "revision")
    run(first, 0)
    second = assign(
        tmp_path,
        make_task(id=task.id, sha256="1" * 64) if change == "sound" else task,
        TranscriptionOptions(words=True) if change == "options" else None,
    )
    find(second, parts, "other" if change == "revision" else "revision")
    assert second.first.waiting(10) == [0, 1]


def test_chunks_finished_by_an_earlier_version_are_reused(tmp_path: Path) -> None:
    task, parts = make_task(options=TranscriptionOptions(hotwords=("Aimee",))), spans(4.0, 3.0)
    record = {"language": "en", "segments": [{"t": "one", "s": 0.0, "e": 1.0}], "seconds": 0.5}
    conditions = f"revision|{task.sha256}|None|False|True|None|False|Aimee"
    WorkFiles(tmp_path).open(task).add_chunk(conditions, parts[0].start, parts[0].end, record)
    task_run = assign(tmp_path, task)
    find(task_run, parts)
    assert task_run.first.waiting(10) == [1]
    assert (task_run.engine_seconds, recognition(task_run).text) == (0.5, "one")


def test_sentences_finished_by_an_earlier_version_are_reused(tmp_path: Path) -> None:
    options = SpeechOptions("teller", speed=1.5)
    task = make_task(kind="tts", options=options)
    pieces = [Phrase(n, n + 1, "x", Break.SENTENCE, 1.0) for n in range(2)]
    directory = WorkFiles(tmp_path).open(task)
    directory.sound(0).write_bytes(bytes(4 * 100))
    record = {"samples": 100, "sample_rate": 16_000, "seconds": 0.5}
    directory.add_chunk(f"revision|{task.sha256}|teller|1.5|None|True", 0, 1, record)
    task_run = task_run_of(task, tmp_path)
    task_run.find(pieces, {"noop": "revision"})
    assert task_run.first.waiting(10) == [1]


def test_decoding_again_keeps_finished_chunks(tmp_path: Path) -> None:
    task_run, parts = assign(tmp_path), spans(4.0, 3.0, 2.0)
    find(task_run, parts[:2], "revision")
    run(task_run, 0)
    task_run.start_over()
    assert list(task_run.first.waiting(10)) == []
    find(task_run, parts, "revision")
    assert task_run.first.waiting(10) == [1, 2]


def test_a_task_whose_end_cannot_be_written_has_nothing_left_to_run(tmp_path: Path) -> None:
    task_run = assign(tmp_path)
    find(task_run, spans(4.0), "revision")
    task_run.outcome = task_run.cancelled(time.time(), worker_id=1)
    assert list(task_run.first.waiting(10)) == []


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


def test_a_result_that_cannot_be_stored_still_counts(tmp_path: Path) -> None:
    task_run = assign(tmp_path)
    find(task_run, spans(4.0), "revision")
    (directory,) = tmp_path.iterdir()
    (directory / "chunks.jsonl").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        task_run.first.finish(0, result(), "revision", 0.1)
    assert task_run.first.chunks.are_finished


def test_undecoded_audio_counts_as_remaining_work(tmp_path: Path) -> None:
    task_run = assign(tmp_path, make_task(duration=600.0))
    find(task_run, spans(4.0), "revision")
    assert task_run.first.seconds_left == 600.0
    run(task_run, 0)
    assert task_run.first.seconds_left == pytest.approx(596.0)
    task_run.prepare(WHOLE)
    assert task_run.first.seconds_left == 0


def test_segments_are_timed_from_the_start_of_the_recording(tmp_path: Path) -> None:
    task_run = assign(tmp_path)
    find(task_run, spans(3.0, 1.0), "revision")
    for index in (1, 0):
        run(task_run, index)
    assert [(s.start, s.end) for s in recognition(task_run).segments()] == [(0.0, 1.0), (3.0, 4.0)]


def test_the_first_speech_gives_the_language(tmp_path: Path) -> None:
    task_run = assign(tmp_path)
    find(task_run, spans(1.0, 1.0, 1.0), "revision")
    run(task_run, 0, Recognised((), None))
    assert recognition(task_run).transcript(0.0).language is None
    run(task_run, 1, result(language="zh"))
    run(task_run, 2, result(language="en"))
    assert recognition(task_run).transcript(0.0).language == "zh"


def test_until_something_is_heard_a_slow_voice_speaks_one_sentence_at_a_time(tmp_path: Path) -> None:
    pieces = [Phrase(n, n + 1, "x", Break.SENTENCE, 1.0) for n in range(3)]
    for rate, first, then in ((None, [0, 1], [1, 2]), (2.0, [0], [1, 2])):
        directory = tmp_path / str(rate)
        directory.mkdir()
        model = model_plan(times_real_time=rate)
        task_run = task_run_of(make_task(kind="tts", options=SpeechOptions("teller")), directory, model)
        task_run.find(pieces, {"noop": "revision"})
        assert list(task_run.first.waiting(2)) == first
        task_run.first.begin([0])
        assert list(task_run.first.waiting(2)) == ([1, 2] if rate is None else [])
        task_run.first.finish(0, KeptSpeech(100, 16_000), "revision", 0.1)
        assert task_run.first.waiting(2) == then
