"""The service's work as a plain job, for RQ's stock worker and for Celery's.

The job does only what a task needs: read the journal record, decode the recording, end the task by the
service's own code (record on disk, document, history, counters and event in Redis, line in the JSONL file).
It searches for no speech, and registers, reports and recovers nothing.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import redis
from _ended import ended
from rq import Queue, Worker

from voxq.core.outcome import Outcome
from voxq.core.task import Status, Task
from voxq.parts import Parts
from voxq.queue import connect
from voxq.settings import load_settings
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.decode import decode_blocks
from voxq.tasks.ending import Ending

_REDIS, _STORAGE = "VOXQ_BENCH_REDIS", "VOXQ_BENCH_STORAGE"
_QUEUE = "bench-stock"


def parts_in(storage: Path) -> Parts:
    """Parts for a storage of its own, not the service's."""
    return Parts.of(load_settings(Path(os.devnull), storage_path=storage))


def announce(parts: Parts, client: redis.Redis, task: Task) -> None:
    """Write to Redis what the end of a task requires."""
    client.set(parts.stores["asr"].task_key(task.id), json.dumps({"run": task.run, "status": Status.QUEUED}))


def transcribe(task_id: str) -> None:
    """Job function: do a task without recognition."""
    parts, ending = _ours()
    task = parts.journal.open_task(task_id)
    if task is None:
        raise RuntimeError("there is no such task")
    recording = parts.blobs.path(task.file)
    samples = sum(len(block) for block in decode_blocks(recording, parts.settings.max_audio_seconds))
    outcome = Outcome(Status.DONE, time.time(), samples / SAMPLE_RATE, text="noop", raw_text="noop")
    ending.end(task, outcome)


@cache
def _ours() -> tuple[Parts, Ending]:
    parts = parts_in(Path(os.environ[_STORAGE]))
    return parts, parts.ending(connect.blocking(os.environ[_REDIS]))


def enqueue_rq(redis_url: str, task_ids: list[str]) -> None:
    with connect.blocking(redis_url, text=False) as connection:
        queue = Queue(_QUEUE, connection=connection)
        queue.enqueue_many([Queue.prepare_data("_stock.transcribe", (task_id,)) for task_id in task_ids])


def enqueue_celery(redis_url: str, task_ids: list[str]) -> None:
    app = celery_app(redis_url)
    for task_id in task_ids:
        app.send_task("_stock.transcribe", (task_id,))
    app.close()


def celery_app(redis_url: str) -> Any:
    """Create the Celery application. Raises ImportError without the dependency group `bench`."""
    from celery import Celery  # pyright: ignore[reportMissingImports]

    app = Celery("_stock", broker=redis_url, backend=redis_url)
    app.task(name="_stock.transcribe")(transcribe)
    return app


@contextmanager
def rq_worker(redis_url: str, storage: Path) -> Iterator[psutil.Process]:
    """Run RQ's unmodified `Worker`, in a process that imports the modules of its jobs before it forks."""
    with _running([sys.executable, __file__, "rq"], redis_url, storage) as process:
        yield process


@contextmanager
def celery_worker(redis_url: str, storage: Path, processes: int) -> Iterator[psutil.Process]:
    """Run Celery's prefork pool with `processes` processes and otherwise default settings."""
    command = [sys.executable, __file__, "celery", str(processes)]
    with _running(command, redis_url, storage) as process:
        yield process


@contextmanager
def _running(command: list[str], redis_url: str, storage: Path) -> Iterator[psutil.Process]:
    environ = {**os.environ, _REDIS: redis_url, _STORAGE: str(storage), "PYTHONPATH": _python_path()}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environ, stdout=quiet, stderr=quiet)
    with ended(process):
        yield psutil.Process(process.pid)


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))


def main() -> None:
    redis_url = os.environ[_REDIS]
    match sys.argv[1:]:
        case ["rq"]:
            importlib.import_module("_stock")._ours()  # under the name that the jobs use, before the fork
            connection = connect.blocking(redis_url, text=False)
            Worker([_QUEUE], connection=connection).work(logging_level="ERROR")
        case ["celery", processes]:
            options = ["worker", "--pool", "prefork", "--concurrency", processes, "--loglevel", "ERROR"]
            celery_app(redis_url).worker_main(options)


if __name__ == "__main__":
    main()
