"""A hundred tasks of all sorts: once they are over and expired, the service is as it was before.

`scripts/bench/soak.py` does the same for hours.
"""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from audit import doubled, logged
from gauges import gauges
from mixed_load import long_file, post, wishes
from stack import RunningStack, running_stack
from worker_lab import wait_for

WARM_UP, TASKS, CLIENTS = 20, 100, 4

SLACK = {"MB": 30.0, "files": 8, "threads": 8, "redis keys": 8, "redis MB": 3, "stored files": 0}
"""Tolerated growth of a gauge, because allocators and pools keep memory from the busiest moment."""


@pytest.mark.slow
def test_a_hundred_tasks_leave_nothing_behind(tmp_path: Path) -> None:
    chance = random.Random(1)
    everything = wishes(chance, WARM_UP + TASKS, long_file(tmp_path), callback=None, how="well")
    limits = {"result_ttl": 2, "failed_ttl": 2, "max_recordings": 0, "max_history_records": 10}
    with running_stack(tmp_path / "stack", **limits) as stack:

        def through(count: int) -> None:
            """Process so many more tasks, and wait until nothing of them is kept."""
            asked = [everything.pop() for _ in range(count)]
            before = len(logged(stack))
            with ThreadPoolExecutor(CLIENTS) as clients:
                answers = list(clients.map(lambda wish: post(stack, wish), asked))
            assert {answer.status_code for answer in answers} == {200}
            wait_for(lambda: len(logged(stack)) == before + count, f"the end of {count} tasks", 120)
            wait_for(lambda: not what_is_kept(stack), "retention", 60)

        through(WARM_UP)
        before = gauges(stack)
        through(TASKS)
        after = gauges(stack)
        for name in sorted(after):
            print(f"{name:16}{before.get(name, 0):10.1f}{after[name]:10.1f}")
        assert not doubled(stack)
        assert before.keys() == after.keys(), "the same processes"
        grown = {
            name: (before[name], after[name]) for name in after if after[name] > before[name] + slack(name)
        }
        assert not grown


def what_is_kept(stack: RunningStack) -> list[str]:
    """Return everything that is kept of single tasks: results, records, recordings, scratch files."""
    keys = [key for pattern in ("*:task:*", "rq:job:*", "rq:results:*") for key in stack.client.keys(pattern)]
    settings = stack.settings
    journal = (settings.journal_dir / each for each in ("open", "ended", "told"))
    directories = (settings.recordings_dir, settings.work_dir, settings.incoming_dir, *journal)
    # Not rglob, which fails if a directory vanishes meanwhile.
    return keys + [
        f"{folder}/{name}" for each in directories for folder, _, names in os.walk(each) for name in names
    ]


def slack(name: str) -> float:
    return SLACK[name] if name in SLACK else SLACK[name.rpartition(" ")[2]]
