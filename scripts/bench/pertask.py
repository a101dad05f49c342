"""Cost of the service per task besides recognition: round trips to Redis, processor time, latency.

The engine is "noop" and the recording half a second of speech (WAV, 16 KB), so that only the rest is
measured; it is still decoded and searched for speech. 600 tasks are submitted over HTTP by 8 clients. Round
trips are the server's own count of reads from clients (`total_reads_processed`, one per command or pipeline)
over the whole time, including heartbeats and maintenance. Processor time is that of the API process and of
the worker's parent process as counted by the kernel, without their children.

Enqueue to result is measured with one task at a time, from the call that enqueues until the result is in
Redis and announced, in turns with RQ: a stock `rq worker`, its own `Queue.enqueue`, a job that negates a
number. RQ's job touches no file; a VoxQ task decodes its recording, and its end is written to the disk first.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from _accepted import accept
from _ended import ended
from _figures import Figure, Target, median, over_rounds, percentile
from _load import Plan, generate
from _meter import Trips, processor_seconds
from _recordings import word
from _service import Service, service
from _watch import Watch
from rq import Queue, Worker

from voxq.parts import Parts
from voxq.queue import connect, enqueueing, script

_TASKS = 600
_CLIENTS = 8
_ROUNDS = 5
_PER_ROUND = 40
_PATIENCE = 120.0


def measure(say: Callable[[str], None]) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="voxq-bench-") as own,
        service(asr_engine="noop", asr_model="noop") as under_test,
        Watch(under_test) as watch,
    ):
        note = word(Path(own))
        say(f"{_TASKS} tasks over HTTP")
        costs = _costs(under_test, watch, note)
        say("one task at a time, in turns with RQ")
        return [*costs, *_latency(under_test, watch, note)]


def _costs(under_test: Service, watch: Watch, note: Path) -> list[Figure]:
    api, parent = under_test.process("api"), under_test.process("worker-1")
    _run(under_test, watch, note, 50)  # warms up caches, connections and scripts
    with under_test.redis() as client:
        trips = Trips.of(client)
        api_seconds, parent_seconds = processor_seconds(api), processor_seconds(parent)
        began = time.monotonic()
        _run(under_test, watch, note, _TASKS)
        wall = time.monotonic() - began
        api_ms = (processor_seconds(api) - api_seconds) * 1000 / _TASKS
        parent_ms = (processor_seconds(parent) - parent_seconds) * 1000 / _TASKS
        trips = Trips.of(client) - trips
    return [
        Figure(
            "Redis round trips per task",
            trips.reads / _TASKS,
            "",
            Target("<=", 8),
            note=f"{trips.commands / _TASKS:.0f} commands, most of them inside scripts",
        ),
        Figure(
            "processor per task, API + worker parent",
            api_ms + parent_ms,
            "ms",
            Target("<=", 5),
            note=f"API {api_ms:.2f}, parent {parent_ms:.2f}",
        ),
        Figure("tasks end to end", _TASKS / wall, "tasks/s", note=f"{_CLIENTS} clients, one worker"),
    ]


def _run(under_test: Service, watch: Watch, note: Path, tasks: int) -> None:
    outcome = generate(Plan(under_test.submit_url, (str(note),), _CLIENTS, _PATIENCE, requests=tasks))
    if len(outcome.accepted) != tasks:
        raise RuntimeError(f"{len(outcome.accepted)} of {tasks} submissions were accepted")
    watch.wait_ended([str(answer.task_id) for answer in outcome.accepted], _PATIENCE)


def _latency(under_test: Service, watch: Watch, note: Path) -> list[Figure]:
    enqueue = _Enqueue(under_test, watch, note)
    ours: list[list[float]] = []
    stock: list[list[float]] = []
    with _stock_worker(under_test) as queue:
        _stock_ms(queue)
        for _ in range(_ROUNDS):
            ours.append([enqueue.ms() for _ in range(_PER_ROUND)])
            stock.append([_stock_ms(queue) for _ in range(_PER_ROUND)])
    ratios = [median(mine) / median(theirs) for mine, theirs in zip(ours, stock, strict=True)]
    return [
        _p50("VoxQ", ours),
        _p50("rq worker", stock),
        over_rounds("enqueue to result: VoxQ / rq worker", ratios, "", Target("<", 0.5)),
    ]


def _p50(name: str, rounds: list[list[float]]) -> Figure:
    p99 = percentile([each for one in rounds for each in one], 99)
    medians = [median(each) for each in rounds]
    return over_rounds(f"enqueue to result: {name}, p50", medians, "ms", note=f"p99 {p99:.1f} ms")


class _Enqueue:
    """Tasks accepted on disk before the clock starts, so that only queue and worker are measured."""

    def __init__(self, under_test: Service, watch: Watch, note: Path) -> None:
        self._parts = Parts.of(under_test.settings)
        self._client = under_test.redis()
        self._watch = watch
        self._data = note.read_bytes()

    def ms(self) -> float:
        task = accept(self._parts, self._data)
        command = enqueueing.enqueue(self._parts.stores["asr"], task)
        began = time.monotonic()
        script.run(self._client, command)
        self._watch.wait_ended([task.id], _PATIENCE)
        return (time.monotonic() - began) * 1000


@contextmanager
def _stock_worker(under_test: Service) -> Iterator[Queue]:
    """Run a stock `rq worker` on its own queue."""
    connection = connect.blocking(under_test.redis_url, text=False)
    queue = Queue("bench-stock", connection=connection)
    arguments = ["--url", under_test.redis_url, "--quiet", queue.name]
    process = subprocess.Popen(
        [sys.executable, "-m", "rq.cli", "worker", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with ended(process), connection:
        deadline = time.monotonic() + 30
        while not Worker.all(queue=queue):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError("the stock rq worker does not start")
            time.sleep(0.05)
        yield queue


def _stock_ms(queue: Queue) -> float:
    began = time.monotonic()
    job = queue.enqueue("operator.neg", 1)
    result = job.latest_result(timeout=10)
    took = (time.monotonic() - began) * 1000
    if result is None or result.return_value != -1:
        raise RuntimeError("the stock rq worker did not do its job")
    return took


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
