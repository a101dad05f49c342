"""Other programs on our Redis while a service works: stock RQ workers and commands, foreign jobs, another
storage."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from audit import audit
from own_environment import without_settings
from rq import Queue
from rq.job import Job, JobStatus
from stack import RunningStack, running_stack
from work_done import assert_done_once
from worker_lab import MEETING, wait_for

SUPPORT = Path(__file__).parent.parent / "support"
QUEUES = ("asr-queue", "tts-queue")
SERIALIZERS = ("rq.serializers.JSONSerializer", "rq.serializers.PickleSerializer")


def rq(stack: RunningStack, *arguments: str) -> str:
    """Run one of RQ's commands and return its output."""
    command = [str(Path(sys.executable).with_name("rq")), *arguments, "--url", stack.redis_url]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ended.stdout + ended.stderr


@contextmanager
def stock_worker(stack: RunningStack, serializer: str) -> Iterator[None]:
    """Run RQ's own worker on all of our queues, and kill it in the end."""
    command = [str(Path(sys.executable).with_name("rq")), "worker", *QUEUES, "voxq-webhooks"]
    process = subprocess.Popen(
        [*command, "-S", serializer, "--url", stack.redis_url, "--quiet"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def second_storage(stack: RunningStack, directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a worker for the same Redis with a storage of its own."""
    settings = stack.settings.model_copy(update={"redis_url": stack.redis_url, "storage_path": directory})
    process = subprocess.Popen(
        [sys.executable, "-m", "voxq.cli", "worker", "--id", "9", "--device", "cpu"],
        env=without_settings() | settings.environ() | {"VOXQ_TEST_ENGINES": "1", "PYTHONPATH": str(SUPPORT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def submit(stack: RunningStack, count: int) -> list[str]:
    """Submit recordings of five chunks and texts, alternately."""
    return [
        stack.submit_text(f"Text {number} of {time.monotonic()} is said slowly. It has an end.")
        if number % 2
        else stack.submit(MEETING, batch_size="8")
        for number in range(count)
    ]


@pytest.mark.slow
def test_other_programs_on_the_same_redis_lose_no_task(tmp_path: Path) -> None:
    mark = tmp_path / "somebody-elses-job-was-run"
    with running_stack(tmp_path / "stack", asr_model="sleep-60ms") as stack:
        ids = submit(stack, 6)
        with second_storage(stack, tmp_path / "another") as other:
            foreign = [enqueue_foreign(stack, queue, mark) for queue in QUEUES]
            wait_for(lambda: all(each.get_status() is JobStatus.FAILED for each in foreign), "refusals", 30)
            assert not mark.exists()
            with contextlib.ExitStack() as stocks:
                for serializer in SERIALIZERS:
                    stocks.enter_context(stock_worker(stack, serializer))
                ids += submit(stack, 8)
                for _ in range(2):
                    for queue in QUEUES:
                        rq(stack, "empty", queue, "-S", SERIALIZERS[0])
                    assert "asr-queue" in rq(stack, "info")
                    ids += submit(stack, 2)
                rq(stack, "suspend")
                wait_for(lambda: stack.client.hlen("asr:rooms") == 0, "workers to take on nothing more")
                ids += submit(stack, 4)
                rq(stack, "requeue", "--all", "--queue", "asr-queue", "-S", SERIALIZERS[0])
                waited = [stack.result(ids[-1])["status"] for _ in range(5) if time.sleep(0.3) is None]
                rq(stack, "resume")
            assert set(waited) == {"queued"}, "workers are suspended"
            began = time.monotonic()
            stack.wait_for_ends(ids, 90)
            print(f"all ended {time.monotonic() - began:.1f} s after the last foreign hand")
            assert other.wait(30) == 1
            assert other.stderr is not None
            assert "This Redis is used with another STORAGE_PATH" in other.stderr.read()
        ends = audit(stack, ids)
        assert {outcome.status for outcome in ends.values()} == {"done"}
        assert_done_once(stack, ends)
        assert not mark.exists()


def enqueue_foreign(stack: RunningStack, queue: str, mark: Path) -> Job:
    """Enqueue a pickled job, which must never be read, let alone run."""
    connection = redis.Redis.from_url(stack.redis_url)
    return Queue(queue, connection=connection).enqueue(subprocess.run, ["touch", str(mark)])
