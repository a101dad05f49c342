"""A backlog of 2000 recordings that waits when the worker starts, compared with the same in RQ and in Celery.

The engine is "noop" and each recording half a second of speech (WAV, 16 KB). Rate, processor time and round
trips are measured from the first task's end to the last one's: the processor time of the worker with all of
its processes, and the server's own count of reads from clients (one per command or pipeline), including
heartbeats. VoxQ's tasks are submitted over HTTP while the worker is suspended; each is then decoded and
searched for speech in a media process, passes through the engine, and is registered with RQ, kept alive and
made recoverable on the way.

RQ's stock `Worker` (its modules imported before it forks, one fork per job) and Celery's prefork pool (one
process per core) get their jobs from the same server. Their job does the same writes by the same code: read
the journal record, decode the recording, end the task (record on disk, document, history, counters and event
in Redis, line in the history file). They search for no speech and call no engine.

The engine's share of the time is measured with another 2000 recordings and an engine that sleeps 10 ms and
takes one chunk per call: the time inside its calls, as it logs them, from the first call's start to the last
one's end.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import _stock
import psutil
from _accepted import accept
from _calls import busy_share, call_log, logged
from _figures import Figure, Target
from _load import Plan, generate
from _meter import Trips, family_seconds, processor_seconds
from _recordings import word
from _service import Service, service
from _watch import Watch

from voxq.machine.devices import available_cpus

_TASKS = 2000
_CLIENTS = 8
_PATIENCE = 300.0


def measure(say: Callable[[str], None]) -> list[Figure]:
    if find_spec("celery") is None:
        raise RuntimeError("it needs Celery: uv sync --inexact --group bench")
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own:
        recording = word(Path(own))
        with service(asr_engine="noop", asr_model="noop") as under_test, Watch(under_test) as watch:
            bench = _Backlog(under_test, watch, recording, Path(own))
            say(f"{_TASKS} tasks for VoxQ")
            ours = bench.voxq()
            say(f"{_TASKS} tasks for RQ's worker")
            rq = bench.stock("rq", _stock.enqueue_rq, _stock.rq_worker)
            say(f"{_TASKS} tasks for Celery's prefork pool")
            celery = bench.stock("celery", _stock.enqueue_celery, _celery_worker)
        say(f"{_TASKS} tasks with an engine of 10 ms")
        share, rate = _busy(recording, Path(own) / "calls")
    return [
        *_told("VoxQ", ours),
        *_told("RQ worker", rq),
        *_told("Celery prefork", celery, f"{available_cpus()} processes"),
        Figure("tasks/s: VoxQ / RQ worker", ours.rate / rq.rate, ""),
        Figure("tasks/s: VoxQ / Celery prefork", ours.rate / celery.rate, ""),
        Figure("engine of 10 ms: busy", share * 100, "%", Target(">=", 95), note=f"{rate:.0f} calls/s"),
    ]


@dataclass(frozen=True, slots=True)
class _Done:
    """Measured work: `rate` in tasks per second; the others per task, in milliseconds of processor time."""

    rate: float
    trips: float
    worker_ms: float
    server_ms: float


class _Backlog:
    """Backlog of the same recordings for each system, on one server."""

    def __init__(self, under_test: Service, watch: Watch, recording: Path, directory: Path) -> None:
        self._service = under_test
        self._watch = watch
        self._recording = recording
        self._directory = directory

    def voxq(self) -> _Done:
        task_ids = _submitted_while_suspended(self._service, self._recording)
        self._service.resume_workers()
        return self._done(task_ids, self._service.process("worker-1"))

    def stock(
        self,
        name: str,
        enqueue: Callable[[str, list[str]], None],
        worker: Callable[[str, Path], AbstractContextManager[psutil.Process]],
    ) -> _Done:
        storage = self._directory / name
        parts, data = _stock.parts_in(storage), self._recording.read_bytes()
        tasks = [accept(parts, data) for _ in range(_TASKS)]
        with self._service.redis() as client:
            for task in tasks:
                _stock.announce(parts, client, task)
        task_ids = [task.id for task in tasks]
        enqueue(self._service.redis_url, task_ids)
        with worker(self._service.redis_url, storage) as process:
            return self._done(task_ids, process)

    def _done(self, task_ids: Sequence[str], worker: psutil.Process) -> _Done:
        """Measure from the first end, so that start-up does not count, to the last."""
        server = self._service.process("valkey")
        with self._service.redis() as client:
            self._watch.wait_any_ended(task_ids, _PATIENCE)
            count = len(task_ids) - self._watch.count_ended(task_ids)
            began, trips = time.monotonic(), Trips.of(client)
            worker_seconds, server_seconds = family_seconds(worker), processor_seconds(server)
            self._watch.wait_ended(task_ids, _PATIENCE)
            return _Done(
                rate=count / (time.monotonic() - began),
                trips=(Trips.of(client) - trips).reads / count,
                worker_ms=(family_seconds(worker) - worker_seconds) * 1000 / count,
                server_ms=(processor_seconds(server) - server_seconds) * 1000 / count,
            )


def _submitted_while_suspended(under_test: Service, recording: Path) -> list[str]:
    """Submit _TASKS tasks while the workers are suspended; returns their ids."""
    under_test.suspend_workers()
    plan = Plan(under_test.submit_url, (str(recording),), _CLIENTS, _PATIENCE, requests=_TASKS)
    outcome = generate(plan)
    if outcome.refused:
        raise RuntimeError(f"{outcome.refused} of {_TASKS} submissions were refused")
    return [str(answer.task_id) for answer in outcome.accepted]


def _celery_worker(redis_url: str, storage: Path) -> AbstractContextManager[psutil.Process]:
    return _stock.celery_worker(redis_url, storage, available_cpus())


def _busy(recording: Path, log: Path) -> tuple[float, float]:
    """Measure the engine's share of the time, and its calls per second."""
    with (
        call_log(log) as logged_calls,
        service(asr_engine=logged("noop", alone=True), asr_model="sleep-10ms") as under_test,
        Watch(under_test) as watch,
    ):
        task_ids = _submitted_while_suspended(under_test, recording)
        warmed_up = len(logged_calls)
        under_test.resume_workers()
        watch.wait_ended(task_ids, _PATIENCE)
        calls = logged_calls.calls(warmed_up)
    if len(calls) != _TASKS:
        raise RuntimeError(f"{len(calls)} calls for {_TASKS} recordings")
    return busy_share(calls), len(calls) / (calls[-1].ended - calls[0].began)


def _told(name: str, done: _Done, note: str = "") -> Iterator[Figure]:
    yield Figure(f"{name}: rate", done.rate, "tasks/s", note=note)
    yield Figure(f"{name}: Redis round trips per task", done.trips, "")
    yield Figure(
        f"{name}: processor per task", done.worker_ms, "ms", note=f"and {done.server_ms:.2f} of the server"
    )


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
