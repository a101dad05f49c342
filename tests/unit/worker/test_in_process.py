"""The worker's core in the test's own process: admission, steps, dispatch, results, failures, ending."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from counting_kind import COUNT, CountOptions
from spans_kind import SPANS, SpanOptions
from task_lab import make_task

from voxq.core.inputs import TEXT, Inline
from voxq.core.task import Lane, Status, Task
from voxq.engines.contract import ChunkError, Recognised
from voxq.processes.child import ChildDied
from voxq.processes.model.protocol import KeptSpeech, SentenceRef, SpanRef
from voxq.testing import register_kind
from voxq.testing.clock import FakeClock
from voxq.testing.processes import FakeProcesses
from voxq.testing.redis_double import InMemoryRedis
from voxq.testing.worker import WorkerInProcess

MakeWorker = Callable[..., WorkerInProcess]
THREE = "One two. Three four. Five six."


def measured(ref: Any) -> KeptSpeech | Recognised | ChunkError:
    """What `counting_voice` does, and a recogniser that hears nothing."""
    if isinstance(ref, SpanRef):
        return Recognised((), None)
    assert isinstance(ref, SentenceRef)
    if "crash" in ref.text:
        raise ChildDied
    if "nonsense" in ref.text:
        return ChunkError("engine_error", "As it was told to.")
    if "foreign" in ref.text:
        return ChunkError("language_unavailable", "As it was told to.")
    return KeptSpeech(160 * len(ref.text), 16_000)


@pytest.fixture
def processes() -> Iterator[FakeProcesses]:
    with FakeProcesses(measured) as processes:
        yield processes


@pytest.fixture
def worker(tmp_path: Path, processes: FakeProcesses, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeWorker]:
    """Makes one."""
    monkeypatch.setenv("VOXQ_TEST_ENGINES", "1")
    monkeypatch.setenv("VOXQ_TEST_SYNTHESISER", "counting_voice:KIND")
    made: list[WorkerInProcess] = []
    with register_kind(COUNT), register_kind(SPANS), FakeClock() as clock:

        def make(**settings: Any) -> WorkerInProcess:
            given = {"asr_engine": "noop", "asr_model": "noop", **settings}
            made.append(WorkerInProcess(tmp_path / "storage", clock, number=len(made) + 1, **given))
            return made[-1]

        yield make
        for each in made:
            each.close()


def text(said: str = THREE, fault: str = "", **changes: Any) -> Task:
    made = {"inputs": {TEXT: Inline(said)}, "options": CountOptions(fault)}
    return make_task(kind="count", duration=0.3, **made | changes)


def test_a_task_goes_through_its_steps(worker: MakeWorker) -> None:
    ours = worker()
    task = text()
    ours.submit(task)
    outcome = ours.end_of(task)
    assert (outcome.status, outcome.text, outcome.attempts) == (Status.DONE, "3 sentences", 1)
    assert outcome.steps == {"check": {"status": "done", "result": {"checked": 3}}}
    assert ours.redis.ended == [(task.id, 1)]
    assert ours.redis.documents[task.id]["status"] == "done"
    assert list(ours.journal_of.work.names()) == []


def test_a_task_made_from_a_recording_is_processed_too(worker: MakeWorker) -> None:
    ours = worker()
    task = make_task(kind="spans", options=SpanOptions(longest=30))
    ours.submit(task)
    outcome = ours.end_of(task)
    assert (outcome.status, outcome.text, outcome.duration) == (Status.DONE, "1 spans", 10.0)
    assert outcome.segments == ({"t": "span", "s": 0.0, "e": 10.0},)
    assert ours.redis.ended == [(task.id, 1)]


def test_steps_overlap(worker: MakeWorker, processes: FakeProcesses) -> None:
    """What came of the first sentences is checked before the last ones are measured."""
    ours = worker()
    task = text(". ".join(f"Sentence {number}" for number in range(40)))
    ours.submit(task)
    ours.end_of(task)
    asked = [ref.text for call in processes.calls for ref in call if isinstance(ref, SentenceRef)]
    assert len(asked) == 80
    assert asked[40:] != sorted(asked[40:]) or any(each.startswith("checked") for each in asked[:40])


@pytest.mark.parametrize(
    ("fault", "code"),
    [("crash", "engine_crashed"), ("nonsense", "engine_error"), ("foreign", "language_unavailable")],
)
def test_a_failed_optional_step_costs_no_result(worker: MakeWorker, fault: str, code: str) -> None:
    ours = worker()
    task = text("One two.", fault)
    ours.submit(task)
    outcome = ours.end_of(task)
    assert (outcome.status, outcome.attempts) == (Status.DONE, 1)
    assert (outcome.steps["check"]["status"], outcome.steps["check"]["code"]) == ("failed", code)


@pytest.mark.parametrize(("word", "attempts"), [("crash", 3), ("nonsense", 3), ("foreign", 1)])
def test_a_failed_required_step_fails_the_task(worker: MakeWorker, word: str, attempts: int) -> None:
    ours = worker()
    bad, good = text(f"This {word}."), text()
    ours.submit(bad)
    ours.submit(good)
    outcome = ours.end_of(bad)
    assert (outcome.status, outcome.attempts) == (Status.FAILED, attempts)
    assert ours.end_of(good).status is Status.DONE, "nobody else pays"


def test_retrying_one_step_keeps_the_other_results(worker: MakeWorker, processes: FakeProcesses) -> None:
    ours = worker()
    task = text(fault="foreign")
    ours.submit(task)
    before = ours.end_of(task)
    again = task.evolve(run=2, step="check")
    asked = len(processes.calls)
    ours.submit(again)
    outcome = ours.end_of(again)
    assert outcome.steps["check"] == {"status": "done", "result": {"checked": 3}}
    assert (outcome.text, outcome.segments, outcome.model) == (before.text, before.segments, before.model)
    later = [ref.text for call in processes.calls[asked:] for ref in call if isinstance(ref, SentenceRef)]
    assert len(later) == 3 and all(each.startswith("checked") for each in later)


def test_another_worker_continues_after_a_death(worker: MakeWorker, processes: FakeProcesses) -> None:
    first = worker()
    task = text(". ".join(f"Sentence {number}" for number in range(30)))
    first.submit(task)
    first.run_until(lambda: len(processes.calls) > 5)
    kept = sum(len(call) for call in processes.calls) - 8
    second = worker()
    second.redis.documents[task.id] = first.redis.documents[task.id]
    second.enqueue(task)
    before = sum(len(call) for call in processes.calls)
    outcome = second.end_of(task)
    assert (outcome.status, outcome.text, outcome.worker_id) == (Status.DONE, "30 sentences", 2)
    done_again = sum(len(call) for call in processes.calls) - before
    assert done_again <= 60 - kept, "what is on disk is not done again"


def test_without_redis_work_continues_and_ends_are_published_later(
    worker: MakeWorker, processes: FakeProcesses
) -> None:
    ours = worker()
    task = text(". ".join(f"Sentence {number}" for number in range(30)))
    ours.submit(task)
    ours.run_until(lambda: len(processes.calls) > 2)
    ours.redis.is_away = True
    assert ours.end_of(task).status is Status.DONE, "the journal has it"
    assert ours.redis.ended == []
    ours.redis.is_away = False
    ours.run_until(lambda: ours.redis.ended == [(task.id, 1)])


def test_a_cancelled_task_is_released(worker: MakeWorker, processes: FakeProcesses) -> None:
    ours = worker()
    task = text(". ".join(f"Sentence {number}" for number in range(60)))
    ours.submit(task)
    ours.run_until(lambda: len(processes.calls) > 2)
    (run,) = ours.parts.task_runs
    ours.parts.endings.cancel(run)
    outcome = ours.outcome(task)
    assert outcome is not None and outcome.status is Status.CANCELLED
    assert len(ours.parts.task_runs) == 0
    asked = len(processes.calls)
    for _ in range(50):
        ours.turn()
    assert len(processes.calls) <= asked + 1


def test_batches_shrink_until_they_fit_into_memory(worker: MakeWorker, processes: FakeProcesses) -> None:
    """Blame nobody for that, and keep the smaller batches for later tasks."""
    processes.answer = lambda ref: (
        Recognised((), "en")
        if len(processes.calls[-1]) == 1
        else ChunkError("out_of_memory", "Too much for it.")
    )
    ours = worker()
    tasks = [make_task() for _ in range(4)]
    for each in tasks:
        ours.submit(each)
    outcomes = [ours.end_of(each) for each in tasks]
    assert {(outcome.status, outcome.attempts) for outcome in outcomes} == {(Status.DONE, 1)}
    codes = {incident.code for outcome in outcomes for incident in outcome.incidents}
    assert codes == {"out_of_memory"}
    assert max(map(len, processes.calls)) > 1
    shrunk = ours.pool.tally.out_of_memory
    for each in (later := [make_task() for _ in range(4)]):
        ours.submit(each)
    assert [ours.end_of(each).incidents for each in later] == [()] * 4
    assert ours.pool.tally.out_of_memory == shrunk


def test_a_chunk_that_fits_into_no_memory_fails_its_task(
    worker: MakeWorker, processes: FakeProcesses
) -> None:
    processes.answer = lambda ref: ChunkError("out_of_memory", "Too much.")
    ours = worker()
    task = text("One two.")
    ours.submit(task)
    outcome = ours.end_of(task)
    assert (outcome.status, outcome.code, outcome.attempts) == (Status.FAILED, "out_of_memory", 3)


def test_an_end_that_the_disk_does_not_accept_is_written_later(
    worker: MakeWorker, processes: FakeProcesses
) -> None:
    ours = worker()
    task = text()
    ended = ours.settings.journal_dir / "ended"
    ours.submit(task)
    ended.rename(ended.with_name("aside"))
    ours.run_until(lambda: any(task_run.outcome for task_run in ours.parts.task_runs))
    asked = len(processes.calls)
    for _ in range(50):
        ours.turn()
    assert (len(ours.parts.task_runs), len(processes.calls)) == (1, asked), (
        "it stays, and nothing works on it"
    )
    assert ours.redis.ended == []
    ended.with_name("aside").rename(ended)
    assert ours.end_of(task).status is Status.DONE
    assert ours.redis.ended == [(task.id, 1)]
    assert len(ours.parts.task_runs) == 0


def test_messages_of_an_ended_process_are_not_read(worker: MakeWorker, processes: FakeProcesses) -> None:
    """Its pipe is closed: whoever read from it, or from that of the next process, would wait for ever."""
    ours = worker()
    ours.submit(text())
    ours.run_until(lambda: ours.pool.batches)
    (pooled,) = (each for each in ours.pool if not each.link.is_idle)
    poller = ours.parts.poller
    poller.call(poller.wait(0.0))
    assert list(ours.pool.take_arrived()) == [pooled], "the batch has begun"
    poller.call(poller.wait(0.0))
    ours.pool.end_process(pooled)
    assert list(ours.pool.take_arrived()) == []


def test_long_tasks_leave_slots_to_short_ones(worker: MakeWorker) -> None:
    ours = worker(max_inflight=4)
    long = [text(". ".join(f"Long {n}" for n in range(200)), lane=Lane.LONG) for _ in range(4)]
    for each in long:
        ours.submit(each)
    ours.run_until(lambda: len(ours.parts.task_runs) == 2)
    short = text("Short.", lane=Lane.SHORT)
    ours.submit(short)
    assert ours.end_of(short).status is Status.DONE
    assert not any(ours.outcome(each) for each in long), "it did not wait for them"


def test_the_double_of_redis_refuses_unknown_scripts(tmp_path: Path) -> None:
    """The double of Redis refuses what it does not know, instead of answering something."""
    with pytest.raises(KeyError):
        InMemoryRedis("epoch").evalsha("0" * 40, 0, "{}", "{}")
