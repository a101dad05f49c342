"""Time limits of tasks, as far as no model process is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plans import model_plan
from runs import task_run_of
from task_lab import make_task

from voxq.core.task import Task
from voxq.engines.contract import Cost, Recognised
from voxq.kinds.pieces import Phrase, Span
from voxq.kinds.speech import SpeechOptions
from voxq.kinds.work import Prepared
from voxq.machine.device_memory import HostMemory
from voxq.metrics.counters import Counters
from voxq.processes.model.protocol import KeptSpeech, Loaded
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.sentences import Break
from voxq.worker.dispatch.time_limits import TimeLimits
from voxq.worker.model_pool.model_link import ModelLink
from voxq.worker.model_pool.pool import ModelPool, PoolLimits
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.plan import ModelPlan
from voxq.worker.poller import Poller
from voxq.worker.runs.batch import Batch, Member
from voxq.worker.runs.task_run import TaskRun
from voxq.worker.scheduler import BatchLimits

PLAN = model_plan()
HOUR = 3600.0


def stable_of(cost: Cost) -> ModelPool:
    """Model pool whose model has this measured cost."""

    def make(plan: ModelPlan) -> PooledModel:
        link = ModelLink(plan, load_timeout=10.0, batch_seconds=1.0)
        link.loaded = Loaded(1.0, "revision", 1, 1, cost)
        return PooledModel(plan, link, BatchLimits(1.0, 60.0, 8), now=0.0)

    return ModelPool(
        PLAN,
        make,
        HostMemory(),
        Poller(),
        Counters(),
        PoolLimits(budget_mb=1000, idle_seconds=0.0, max_attempts=3),
        worker_id=1,
    )


def recording(root: Path, seconds: float | None, task: Task | None = None) -> TaskRun:
    return task_run_of(task or make_task(duration=seconds), root, PLAN)


def text(root: Path, seconds: float | None) -> TaskRun:
    task = make_task(kind="tts", options=SpeechOptions("teller", speed=2.0), duration=seconds)
    return task_run_of(task, root, PLAN)


def span(number: int, seconds: float) -> Span:
    start = number * 60 * SAMPLE_RATE
    return Span(start, start + int(seconds * SAMPLE_RATE))


def phrase(number: int, seconds: float) -> Phrase:
    return Phrase(number, number + 1, "x", Break.SENTENCE, seconds)


@pytest.mark.parametrize(
    ("make", "piece", "result"),
    [(recording, span, Recognised((), None)), (text, phrase, KeptSpeech(0, 24_000))],
    ids=["recording", "text"],
)
@settings(max_examples=40)
@given(
    lengths=st.lists(st.floats(0.1, 30.0), min_size=1, max_size=12),
    promised=st.none() | st.floats(0.0, 1000.0),
    cost=st.builds(Cost, st.floats(0.0, 5.0), st.floats(0.0, 5.0)),
    slowness=st.floats(0.1, 3.9),
    random=st.randoms(use_true_random=False),
)
def test_work_at_the_predicted_speed_never_exceeds_its_limit(
    tmp_path_factory,
    make: Callable[..., TaskRun],
    piece: Callable[..., Span | Phrase],
    result: object,
    lengths: list[float],
    promised: float | None,
    cost: Cost,
    slowness: float,
    random,
) -> None:
    """Run a task up to almost four times slower than predicted, whatever length was declared and whenever its
    chunks are found; the operator's limit is one second."""
    pool = stable_of(cost)
    limits = TimeLimits(pool, 1.0)
    task_run = make(tmp_path_factory.mktemp("w"), promised)
    task = task_run.first
    left = [piece(number, seconds) for number, seconds in enumerate(lengths)]
    while left or task.chunks.count_left:
        if left and (random.random() < 0.5 or not task.chunks.count_left):
            task_run.find([left.pop(0)])
            if not left:
                task_run.prepare(Prepared(sum(lengths), 0.0, 0.0))
            continue
        (index, *_) = task.waiting(1)
        task.begin([index])
        seconds = slowness * cost.predict(task.chunks[index].seconds)
        task.finish(index, result, "revision", seconds)
        task.engine_seconds += seconds
        assert not limits.is_over(task)
    task.engine_seconds = max(
        1.0, 4.0 * sum(map(cost.predict, (task.chunks[n].seconds for n in range(len(lengths)))))
    )
    assert limits.of(task) == pytest.approx(task.engine_seconds)
    assert limits.is_over(task)


def test_ten_hours_of_audio_on_a_slow_processor_are_allowed(tmp_path: Path) -> None:
    """Allow the recording its own length, while a chunk that hangs is given up as soon as any other."""
    pool = stable_of(Cost(0.5, 0.7))
    limits = TimeLimits(pool, 600.0)
    task = recording(tmp_path, 10 * HOUR).first
    task.find([span(number, 30.0) for number in range(2)], "revision")
    assert 4 * 7 * HOUR < limits.of(task) < 30 * HOUR
    batch = Batch("1", (Member(task, 0),), pool.of(PLAN).terms.cost.predict(30.0), False)
    assert limits.of_batch(batch) == 600.0
    task.engine_seconds = limits.of(task) - 5.0
    assert limits.of_batch(batch) == pytest.approx(5.0)


def test_time_spent_on_a_slower_worker_does_not_count_against_a_recording(tmp_path: Path) -> None:
    """Continue on another device, with the finished chunks of the slower one."""
    task = make_task(duration=HOUR)
    slow = recording(tmp_path, None, task).first
    parts = [span(number, 30.0) for number in range(4)]
    slow.find(parts, "revision")
    for index in range(3):
        slow.begin([index])
        slow.finish(index, Recognised((), None), "revision", 1000.0)
    fast = recording(tmp_path, None, task).first
    fast.find(parts, "revision")
    limits = TimeLimits(stable_of(Cost(0.0, 0.001)), 600.0)
    assert fast.engine_seconds == 3000.0
    assert not limits.is_over(fast)
    fast.engine_seconds += 600.0
    assert limits.is_over(fast)
