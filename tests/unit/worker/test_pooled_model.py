"""Pooled models, as far as no model process is needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from plans import model_plan
from runs import task_run_of
from task_lab import make_task

from voxq.kinds.pieces import Span
from voxq.machine.device_memory import HostMemory
from voxq.speech.audio import SAMPLE_RATE
from voxq.worker.model_pool.model_link import ModelLink
from voxq.worker.model_pool.pooled_model import PooledModel
from voxq.worker.runs.batch import Batch, Member
from voxq.worker.scheduler import BatchLimits


def pooled(size_mb: int = 0, padded_to: float | None = None, *, is_parallel: bool = False) -> PooledModel:
    plan = model_plan(size_mb=size_mb, padded_to=padded_to, is_parallel=is_parallel)
    limits = BatchLimits(
        seconds=1.0, padded_seconds=60.0, items=8, padded_to=padded_to, is_parallel=is_parallel
    )
    return PooledModel(plan, ModelLink(plan, load_timeout=10.0, batch_seconds=1.0), limits, now=0.0)


@pytest.fixture
def batch(tmp_path: Path):
    """Factory of batches from chunk lengths in seconds."""

    def make(*lengths: float) -> Batch:
        task = make_task()
        task_run = task_run_of(task, tmp_path)
        ends = [sum(lengths[: n + 1]) for n in range(len(lengths))]
        pairs = zip(ends, lengths, strict=True)
        spans = [Span(int((e - each) * SAMPLE_RATE), int(e * SAMPLE_RATE)) for e, each in pairs]
        task_run.find(spans)
        return Batch(
            "1", tuple(Member(task_run.first, n) for n in range(len(lengths))), 1.0, is_suspect=False
        )

    return make


@pytest.mark.parametrize(("size_mb", "expected"), [(0, 300), (148, 522), (1000, 1800)])
def test_before_the_first_load_memory_is_estimated_from_file_sizes(size_mb: int, expected: int) -> None:
    model = pooled(size_mb)
    model.measure(HostMemory())
    assert model.memory_mb == expected
    assert model.load_seconds == pytest.approx(2 + size_mb / 100)
    assert not model.is_present and not model.is_available
    assert model.revision is None


@pytest.mark.parametrize(("size_mb", "seconds"), [(0, 20.0), (50, 25.0), (1000, 30.0)])
def test_a_turn_is_worth_the_loading_and_ends(size_mb: int, seconds: float) -> None:
    model = pooled(size_mb)
    model.begin_turn(100.0)
    assert (model.last_used, model.has_turn_until) == (100.0, 100.0 + seconds)


def test_out_of_memory_halves_the_padded_seconds(batch) -> None:
    model = pooled()
    model.shrink(batch(10.0, 8.0, 2.0))
    assert model.terms.limits.padded_seconds == 15.0
    assert model.terms.limits.items == 8, "short chunks still share"
    model.shrink(batch(20.0, 20.0))
    assert model.terms.limits.padded_seconds == 15.0, "it never grows again"


def test_the_length_an_engine_pads_to_counts(batch) -> None:
    model = pooled(padded_to=30.0)
    model.shrink(batch(10.0, 8.0))
    assert model.terms.limits.padded_seconds == 30.0


def test_batches_that_take_long_make_predictions_longer(batch) -> None:
    model = pooled()
    promised = model.terms.cost.predict(10.0)
    for second in range(20):
        model.observe(batch(10.0), 2 * promised, now=float(second))
    assert model.terms.cost.predict(10.0) == pytest.approx(2 * promised, rel=0.05)
    assert model.last_used == 19.0


def test_padding_fills_chunks_up_to_the_longest(batch) -> None:
    assert pooled().padding(batch(10.0, 8.0, 2.0)) == pytest.approx(10.0)
    assert pooled().padding(batch(10.0)) == 0.0
    assert pooled(padded_to=30.0).padding(batch(10.0, 8.0)) == pytest.approx(42.0)
    assert pooled(is_parallel=True).padding(batch(10.0, 8.0, 2.0)) == 0.0


def test_for_parallel_chunks_the_longest_determines_the_time(batch) -> None:
    model = pooled(is_parallel=True)
    promised = model.terms.cost.predict(10.0)
    for second in range(20):
        model.observe(batch(10.0, 8.0, 2.0), promised, now=float(second))
    assert model.terms.cost.predict(10.0) == pytest.approx(promised)
