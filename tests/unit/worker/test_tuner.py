"""A worker that has nothing to do measures how its models use the machine best."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from task_lab import make_task

from voxq.core.task import Status
from voxq.engines.contract import Layout, Recognised
from voxq.machine import load
from voxq.processes.child import ChildDied
from voxq.testing.clock import FakeClock
from voxq.testing.processes import FakeProcesses
from voxq.testing.worker import WorkerInProcess
from voxq.worker.facts import Facts
from voxq.worker.plan import WorkPlan

MakeWorker = Callable[..., WorkerInProcess]
SECONDS = 60


@pytest.fixture
def processes() -> Iterator[FakeProcesses]:
    with FakeProcesses(lambda ref: Recognised((), None)) as processes:
        yield processes


@pytest.fixture
def worker(tmp_path: Path, processes: FakeProcesses, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeWorker]:
    """Makes one, on a machine where nothing else happens."""
    monkeypatch.setenv("VOXQ_TEST_ENGINES", "1")
    monkeypatch.setattr(load, "is_quiet", lambda: True)
    made: list[WorkerInProcess] = []
    with FakeClock() as clock:

        def make(**settings: Any) -> WorkerInProcess:
            given = {"asr_engine": "roomy_engine:KIND", "asr_model": "noop", "tune_after_seconds": SECONDS}
            made.append(WorkerInProcess(tmp_path / "storage", clock, **given | settings))
            return made[-1]

        yield make
        for each in made:
            each.close()


def idle(worker: WorkerInProcess, seconds: float) -> None:
    """Let the worker do nothing for so long."""
    for _ in range(int(seconds)):
        worker.tick()
        for _ in range(5):
            worker.turn(0.2)


def tuned(worker: WorkerInProcess) -> tuple[int, int]:
    """Replicas and items that its model works with."""
    limits = worker.pool.default.limits
    return limits.at_once, limits.items


def told(worker: WorkerInProcess) -> list[dict[str, Any]]:
    """What it tells `/stats` of its loaded models."""
    pool, runs = worker.pool, worker.parts.task_runs
    facts = Facts(1, "channel", WorkPlan.of(worker.settings, "cpu"), pool, runs)
    return facts.now(is_stopping=False)["resident"]


def test_an_idle_worker_measures_once_and_the_next_one_uses_it(
    worker: MakeWorker, processes: FakeProcesses
) -> None:
    first = worker()
    idle(first, SECONDS - 5)
    assert processes.trials == [], "not before it has been idle for long enough"
    idle(first, 20)
    measured = [(trial.request.replicas, trial.items) for trial in processes.trials]
    assert measured == [(1, (8, 16)), (2, (8, 16)), (4, (8, 16))]
    idle(first, 3 * SECONDS)
    assert len(processes.trials) == 3, "once"
    assert tuned(first) == (2, 8), "what is loaded stays as it is"
    second = worker()
    assert tuned(second) == (4, 16)
    assert second.pool.default.plan.request.replicas == 4
    idle(second, 3 * SECONDS)
    assert len(processes.trials) == 3, "it is known"
    (resident,) = told(second)
    assert (resident["replicas"], resident["batch_items"]) == (4, 16)
    assert (resident["speed_short"], resident["speed_long"]) == (64.0, 64.0)
    assert told(first)[0]["speed_short"] is None


def test_work_ends_a_measurement_which_continues_later(worker: MakeWorker, processes: FakeProcesses) -> None:
    ours = worker()
    while not processes.trials:
        ours.tick()
        ours.turn(0.5)
    measuring = processes.children[-1]
    assert measuring.is_alive()
    task = make_task()
    ours.submit(task)
    ours.tick()  # in place of the wake-up
    ours.turn()
    assert not measuring.is_alive(), "at once"
    assert ours.end_of(task).status is Status.DONE
    assert len(processes.trials) == 1
    idle(ours, SECONDS + 20)
    assert [trial.request.replicas for trial in processes.trials] == [1, 1, 2, 4]
    assert tuned(worker()) == (4, 16)


def test_a_setting_wins_over_what_was_measured(worker: MakeWorker, processes: FakeProcesses) -> None:
    idle(worker(), SECONDS + 20)
    assert tuned(worker()) == (4, 16)
    assert tuned(worker(asr_replicas=1)) == (1, 8)
    idle(worker(asr_replicas=1), SECONDS + 20)
    assert [trial.request.replicas for trial in processes.trials[3:]] == [1], "only what it leaves open"
    assert tuned(worker(asr_replicas=1)) == (1, 16)


@pytest.mark.parametrize(
    "settings", [{"tune_after_seconds": 0}, {"asr_engine": "noop"}, {"model_memory_mb": 64}]
)
def test_nothing_is_measured_without_leave_choice_or_memory(
    worker: MakeWorker, processes: FakeProcesses, settings: dict[str, Any]
) -> None:
    idle(worker(**settings), 3 * SECONDS)
    assert processes.trials == []


def test_nothing_is_measured_on_a_busy_machine(
    worker: MakeWorker, processes: FakeProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "is_quiet", lambda: False)
    idle(worker(), 3 * SECONDS)
    assert processes.trials == []


def test_a_model_that_dies_when_it_is_measured_goes_on_serving(
    worker: MakeWorker, processes: FakeProcesses
) -> None:
    def dies(layout: Layout) -> float:
        raise ChildDied

    processes.speed = dies
    ours = worker()
    idle(ours, 3 * SECONDS)
    assert len(processes.trials) == 1, "not again before the next start"
    task = make_task()
    ours.submit(task)
    assert ours.end_of(task).status is Status.DONE
    assert tuned(worker()) == (2, 8)


def test_a_worker_that_stops_ends_its_measurement(worker: MakeWorker, processes: FakeProcesses) -> None:
    ours = worker()
    while not processes.trials:
        ours.tick()
        ours.turn(0.5)
    measuring = processes.children[-1]
    ours.parts.tuner.stop()
    assert not measuring.is_alive()


def test_what_was_measured_beside_others_is_not_believed(
    worker: MakeWorker, processes: FakeProcesses
) -> None:
    processes.waited = 0.5
    ours = worker()
    idle(ours, SECONDS + 20)
    assert tuned(worker()) == (2, 8)
    processes.waited = 0.0
    idle(ours, SECONDS + 20)
    assert tuned(worker()) == (4, 16)
