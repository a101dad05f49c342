"""How far ahead a real horse is fed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from plans import model_plan
from task_lab import make_task

from voxq.engines.base import ChunkOptions
from voxq.tasks.claiming import Held
from voxq.tasks.work import WorkFiles
from voxq.worker.batch import Batch, Member
from voxq.worker.chunks import Span
from voxq.worker.horse_link import HorseLink
from voxq.worker.recognition import Recognition


@contextmanager
def ready_horse(max_items: int, *, is_parallel: bool) -> Iterator[HorseLink]:
    plan = model_plan(max_items=max_items, is_parallel=is_parallel)
    link = HorseLink(plan, load_timeout=30.0, batch_seconds=1.0)
    assert link.ensure_started()
    try:
        while not link.is_ready:
            link.receive(60.0)
        yield link
    finally:
        link.kill()


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    task = make_task()
    directory = WorkFiles(tmp_path).open(task)
    assignment = Recognition(
        Held(task, "x"), directory, model_plan(), ChunkOptions(), admitted_at=time.time()
    )
    assignment.find([Span(0, 0)], None)
    return Batch("0", (Member(assignment, 0),), 0.0, is_suspect=False)


@pytest.mark.parametrize(
    ("max_items", "is_parallel", "predicted", "given"),
    [
        (1, False, 0.01, 8),
        (1, False, 0.03, 4),
        (1, False, 0.06, 2),
        (1, False, 5.0, 1),
        (2, True, 0.03, 4),
        (16, False, 0.01, 2),
        (16, False, 5.0, 1),
    ],
)
def test_short_batches_of_single_chunks_wait_in_the_pipe(
    batch: Batch, max_items: int, is_parallel: bool, predicted: float, given: int
) -> None:
    """So many that a tenth of a second is covered; where many chunks can share a batch, one."""
    with ready_horse(max_items, is_parallel=is_parallel) as link:
        link.give(replace(batch, id="1", predicted=predicted))
        link.receive(60.0)
        began, count = time.monotonic(), 1
        while link.has_room_from <= began:
            count += 1
            link.give(replace(batch, id=str(count), predicted=predicted))
    assert count == given
