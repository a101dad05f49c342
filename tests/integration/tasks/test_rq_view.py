"""RQ's own API and tools show our tasks correctly in every state, and their actions have the right
effects."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from rq import Queue
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer
from task_lab import MANY, Lab, done, failed
from worker_lab import wait_for

from voxq.core.task import Lane, Task
from voxq.queue import claiming
from voxq.queue.claiming import Capacity, Worker


@pytest.fixture
def queue(lab: Lab) -> Queue:
    return Queue("asr-queue", connection=lab.rq, serializer=JSONSerializer)


def job_of(lab: Lab, task: Task) -> Job:
    return Job.fetch(task.id, connection=lab.rq, serializer=JSONSerializer)


def rq(redis_url: str, *arguments: str, **options: float) -> str:
    command = [str(Path(sys.executable).with_name("rq")), *arguments, "--url", redis_url]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    return finished.stdout + finished.stderr


def test_a_queued_task_is_a_queued_job(lab: Lab, queue: Queue) -> None:
    task = lab.submit()
    job = job_of(lab, task)
    assert job.get_status() is JobStatus.QUEUED
    assert (job.origin, job.timeout, job.args) == ("asr-queue", 600, [task.id])
    assert job.func_name == "voxq.queue.rq_job.run"
    assert job.description == f"asr {task.file} 10.0s short"
    assert job.enqueued_at is not None
    assert abs(job.enqueued_at.timestamp() - time.time()) < 60
    assert queue.job_ids == [task.id]
    assert {each.name for each in Queue.all(connection=lab.rq, serializer=JSONSerializer)} == {
        "asr-queue",
        "asr-queue-high",
        "asr-queue-long",
    }


def test_a_task_in_work_is_a_started_job_with_an_execution(lab: Lab, queue: Queue, worker: Worker) -> None:
    task = lab.submit()
    before = time.time()
    held = lab.take(worker)
    job = job_of(lab, task)
    assert job.get_status() is JobStatus.STARTED
    assert job.worker_name == worker.name
    assert job.started_at is not None
    assert before - 1 <= job.started_at.timestamp() <= time.time() + 1
    [execution] = job.get_executions()
    assert (execution.id, execution.worker_name) == (held.execution, worker.name)
    assert before - 1 <= execution.created_at.timestamp() <= time.time() + 1
    registry = StartedJobRegistry(queue=queue)
    assert registry.get_job_and_execution_ids() == [(task.id, held.execution)]
    assert registry.count == 1
    assert queue.count == 0
    assert queue.intermediate_queue.get_job_ids() == []


def test_a_done_task_is_a_finished_job_with_a_result_and_no_text(
    lab: Lab, queue: Queue, worker: Worker
) -> None:
    task = lab.submit()
    lab.take(worker)
    lab.ending.end(task, done("a secret"), worker)
    job = job_of(lab, task)
    assert job.get_status() is JobStatus.FINISHED
    assert job.ended_at is not None
    result = job.latest_result()
    assert result is not None
    assert (result.type, result.worker_name) == (Result.Type.SUCCESSFUL, worker.name)
    assert result.return_value == {"status": "done", "duration": 10.0, "characters": 8}
    assert FinishedJobRegistry(queue=queue).get_job_ids() == [task.id]
    assert StartedJobRegistry(queue=queue).count == 0
    assert job.get_executions() == []
    assert b"secret" not in b"".join(lab.rq.hvals(job.key))


def test_a_failed_task_is_a_failed_job_that_says_why(lab: Lab, queue: Queue, worker: Worker) -> None:
    task = lab.submit()
    lab.take(worker)
    lab.ending.end(task, failed(), worker)
    job = job_of(lab, task)
    assert job.get_status() is JobStatus.FAILED
    result = job.latest_result()
    assert result is not None
    assert result.type is Result.Type.FAILED
    assert result.exc_string == "timeout: Processing timeout (600s exceeded)"
    registry = FailedJobRegistry(queue=queue)
    assert registry.get_job_ids() == [task.id]
    assert registry.get_expiration_time(job).timestamp() == pytest.approx(time.time() + 604800, abs=60)
    lab.control.retry(task.id, 1)
    assert job_of(lab, task).get_status() is JobStatus.QUEUED
    assert job_of(lab, task).latest_result() is None
    assert registry.count == 0


def test_a_cancelled_task_is_no_job_any_more(lab: Lab, queue: Queue) -> None:
    task = lab.submit()
    lab.control.cancel(task.id)
    assert not Job.exists(task.id, connection=lab.rq)
    assert queue.count == 0


def test_rq_info_shows_the_same_counts_as_our_api(lab: Lab, worker: Worker, redis_url: str) -> None:
    lab.submit()
    lab.submit(lane=Lane.HIGH)
    lab.take(worker)
    lab.ending.end(lab.submit(), failed(), worker)
    assert sorted(rq(redis_url, "info", "--raw", "--only-queues").split("\n")) == [
        "",
        "queue asr-queue 1, 0 executing, 0 finished, 1 failed",
        "queue asr-queue-high 0, 1 executing, 0 finished, 0 failed",
        "queue asr-queue-long 0, 0 executing, 0 finished, 0 failed",
    ]


def test_the_dashboard_shows_our_jobs(lab: Lab, worker: Worker, redis_url: str) -> None:
    flask = pytest.importorskip("flask")
    dashboard = pytest.importorskip("rq_dashboard")
    failed_task, waiting = lab.submit(), lab.submit()
    lab.take(worker)
    lab.ending.end(failed_task, failed(), worker)
    app = flask.Flask("dashboard")
    app.config.from_object(dashboard.default_settings)
    app.config["RQ_DASHBOARD_REDIS_URL"] = redis_url
    app.config["RQ_DASHBOARD_JOB_SERIALIZER_NAME"] = "rq.serializers.JSONSerializer"
    app.config["RQ_DASHBOARD_JOB_SERIALIZER"] = JSONSerializer
    dashboard.web.setup_rq_connection(app)
    app.register_blueprint(dashboard.blueprint)
    browser = app.test_client()
    queues = browser.get("/0/data/queues.json").get_json()["queues"]
    [lane] = [each for each in queues if each["name"] == "asr-queue"]
    assert (lane["count"], lane["failed_job_registry_count"]) == (1, 1)
    jobs = browser.get("/0/data/jobs/asr-queue/queued/8/asc/1.json").get_json()["jobs"]
    assert [(job["id"], job["description"]) for job in jobs] == [
        (waiting.id, f"asr {waiting.file} 10.0s short")
    ]
    shown = browser.get(f"/0/data/job/{failed_task.id}.json").get_json()
    assert shown["status"] == "failed"
    assert "Processing timeout" in str(shown["exc_info"])


def test_a_job_requeued_by_rqs_clean_up_is_not_run_twice(lab: Lab, queue: Queue, worker: Worker) -> None:
    lab.recover()
    task = lab.submit()
    lab.take(worker)
    lab.let_claims_expire()
    StartedJobRegistry(queue=queue).cleanup()
    assert queue.job_ids == [task.id]
    lab.recovery.bring_back_dead()
    lab.recovery.complete()
    queue.push_job_id(task.id)  # the clean-up runs without a lock, so two of them may queue an id twice
    assert lab.drain(worker) == [task]
    assert queue.count == 0
    assert len(lab.history()) == len(lab.log_lines()) == 1
    assert lab.queued_seconds() == 0


def test_rqs_clean_up_of_a_live_task_makes_no_second_run(lab: Lab, queue: Queue, worker: Worker) -> None:
    """The heartbeat was too late for RQ, but not for the claim."""
    task = lab.submit()
    held = lab.take(worker)
    StartedJobRegistry(queue=queue).cleanup(timestamp=time.time() + 3600)
    assert queue.job_ids == [task.id]
    assert lab.run(claiming.claim(lab.store, worker, Capacity({}, MANY), time.time())).claimed == ()
    assert lab.beat(worker, [held]).lost == ()
    lab.ending.end(task, done(), worker)
    lab.recover()
    assert queue.count == 0
    assert lab.status(task) == "done"


def test_rq_empty_loses_nothing(lab: Lab, worker: Worker, redis_url: str) -> None:
    lab.recover()
    tasks = [lab.submit() for _ in range(3)]
    assert "3 jobs removed" in rq(redis_url, "empty", "asr-queue", "-S", "rq.serializers.JSONSerializer")
    assert lab.recovery.complete() == 3
    assert [lab.place(task) for task in tasks] == [(1, 0), (2, 10), (3, 20)]
    assert [job_of(lab, task).get_status() for task in tasks] == [JobStatus.QUEUED] * 3


@pytest.mark.parametrize("serializer", ["rq.serializers.JSONSerializer", "rq.serializers.PickleSerializer"])
def test_a_stock_worker_does_no_lasting_harm(
    lab: Lab, worker: Worker, redis_url: str, serializer: str
) -> None:
    lab.recover()
    tasks = [lab.submit() for _ in range(2)]
    rq(redis_url, "worker", "asr-queue", "-S", serializer, "--burst", "--max-jobs", "3", "--quiet")
    assert all(lab.status(task) == "queued" for task in tasks)
    for _ in range(2):
        lab.recovery.bring_back_dead()
        lab.recovery.complete()
    assert {task.id for task in lab.drain(worker)} == {task.id for task in tasks}
    assert len(lab.history()) == len(lab.log_lines()) == 2
    assert [job_of(lab, task).get_status() for task in tasks] == [JobStatus.FINISHED] * 2
    assert lab.queued_seconds() == 0


def test_a_stock_worker_that_is_killed_gives_the_task_back(lab: Lab, worker: Worker, redis_url: str) -> None:
    lab.recover()
    task = lab.submit()
    command = [str(Path(sys.executable).with_name("rq")), "worker", "asr-queue", "--url", redis_url]
    stock = subprocess.Popen([*command, "-S", "rq.serializers.JSONSerializer", "--quiet"])
    wait_for(lambda: not lab.client.llen("rq:queue:asr-queue"), "a worker that takes it")
    stock.send_signal(signal.SIGSTOP)  # so that it starts no more of them
    links = psutil.Process(stock.pid).children()
    stock.kill()
    stock.wait(60)
    lab.let_claims_expire()
    lab.client.delete(f"rq:executions:{task.id}")  # it expires by itself, later
    lab.recovery.bring_back_dead()
    lab.recovery.complete()
    _, left = psutil.wait_procs(links, timeout=60)  # a stock worker continues without it
    assert not left
    lab.recovery.complete()
    assert lab.drain(worker) == [task]
    assert len(lab.log_lines()) == 1
