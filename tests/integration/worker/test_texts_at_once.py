"""Texts that one provider rewrites at the same time: none waits for another, and none is lost or blamed when
the process that asks dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from llm_server import MODEL, LlmServer, llm_server
from worker_lab import WorkerLab, wait_for

from voxq.core.inputs import TEXT, Inline
from voxq.core.task import Lane, Status, Task, new_task_id
from voxq.kinds.text import TextOptions
from voxq.processes.model.protocol import MODEL_PROCESS_MODULE
from voxq.queue import enqueueing, script

SLOW = "This one is slow."


def write(said: str) -> str:
    if said == SLOW:
        time.sleep(4)
    return said


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with llm_server(write=write, seconds=0.2) as server:
        yield server


@pytest.fixture
def lab(valkey: str, server: LlmServer, tmp_path: Path) -> Iterator[WorkerLab]:
    providers = f"local={server.url}/v1|{MODEL}"
    lab = WorkerLab(
        tmp_path,
        valkey,
        max_inflight=12,
        llm_providers=providers,
        llm_calls="3",
        worker_capabilities="rewrite",
    )
    lab.client.flushall()
    lab.worker()
    yield lab
    lab.close()


def submitted(lab: WorkerLab, text: str, number: int) -> Task:
    now = time.time()
    task = Task(
        id=new_task_id(now, number),
        kind="text",
        owner="anna",
        lane=Lane.SHORT,
        inputs={TEXT: Inline(text)},
        outputs={},
        duration=1.0,
        created_at=now,
        accepted_at=now,
        options=TextOptions(mode="punctuate"),
    )
    lab.parts.journal.accept(task)
    script.run(lab.client, enqueueing.enqueue(lab.parts.stores["text"], task))
    return task


def test_no_text_waits_for_a_slow_one(lab: WorkerLab) -> None:
    slow = submitted(lab, SLOW, 1)
    quick = [submitted(lab, f"Sentence number {number} is quick.", number) for number in range(2, 10)]
    outcomes = lab.wait_for_ends(quick)
    assert lab.outcome(slow) is None, "it is still under way"
    [late] = lab.wait_for_ends([slow])
    assert {outcome.status for outcome in (late, *outcomes)} == {Status.DONE}
    lab.assert_ended_once([slow, *quick])


def test_texts_survive_the_death_of_the_process_that_asks(lab: WorkerLab, server: LlmServer) -> None:
    first = submitted(lab, "The first one loads the model.", 1)
    lab.wait_for_ends([first])
    server.seconds = 2.0
    asked = len(server.chats)
    tasks = [submitted(lab, f"Sentence number {number} is here.", number) for number in range(2, 5)]
    wait_for(lambda: len(server.chats) == asked + 3, "three requests")
    [process] = [
        each
        for each in psutil.Process(lab.workers[0].pid).children(recursive=True)
        if MODEL_PROCESS_MODULE in each.cmdline()
    ]
    os.kill(process.pid, signal.SIGKILL)
    server.seconds = 0.0
    outcomes = lab.wait_for_ends(tasks)
    assert {outcome.status for outcome in outcomes} == {Status.DONE}
    assert all(outcome.attempts == 1 for outcome in outcomes), "nobody knows which of them it was"
    assert {each.code for outcome in outcomes for each in outcome.incidents} == {"engine_crashed"}
    lab.assert_ended_once([first, *tasks])
