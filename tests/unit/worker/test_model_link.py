"""Batches sent ahead to a real model process, and replies that are not accepted."""

from __future__ import annotations

import json
import os
import signal
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from plans import model_plan
from runs import task_run_of
from task_lab import make_task
from worker_process import wait_for

from voxq.engines.contract import Capability, ChunkError, Cost, Recognised
from voxq.kinds.pieces import Span
from voxq.processes.child import Child, Message
from voxq.processes.model import protocol as protocol
from voxq.processes.model.protocol import Embedded, KeptSpeech, is_result_of
from voxq.speech.sound_measures import NOTHING
from voxq.worker.model_pool import model_link
from voxq.worker.model_pool.model_link import ModelLink, ModelProcessFailed
from voxq.worker.runs.batch import Batch, Member

SUPPORT = Path(__file__).parents[2] / "support"


@contextmanager
def ready_model_process(max_items: int, **traits: object) -> Iterator[ModelLink]:
    plan = model_plan(max_items=max_items, **traits)
    link = ModelLink(plan, load_timeout=30.0, batch_seconds=1.0)
    assert link.ensure_started()
    try:
        while not link.is_ready:
            link.receive(lambda batch: 60.0)
        yield link
    finally:
        link.kill()


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    task = make_task()
    task_run = task_run_of(task, tmp_path)
    task_run.find([Span(0, 0)])
    return Batch("0", (Member(task_run.first, 0),), 0.0, is_suspect=False)


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
    batch: Batch,
    monkeypatch: pytest.MonkeyPatch,
    max_items: int,
    is_parallel: bool,
    predicted: float,
    given: int,
) -> None:
    """Send enough short batches to cover 0.1 s, or only one if many chunks can share a batch."""
    with ready_model_process(max_items, is_parallel=is_parallel) as link:
        began, count = 1000.0, 1
        monkeypatch.setattr(model_link, "time", SimpleNamespace(monotonic=lambda: began))
        link.give(replace(batch, id="1", predicted=predicted))
        link.receive(lambda batch: 60.0)
        while link.free_from <= began:
            count += 1
            link.give(replace(batch, id=str(count), predicted=predicted))
    assert count == given


def test_results_sent_before_a_model_process_died_count(batch: Batch) -> None:
    """Only a batch that was in the engine at the end may be blamed, and no result is lost."""
    later = replace(batch, id="later")
    with ready_model_process(1, is_parallel=False) as link:
        child = link.child
        assert child is not None
        link.give(batch)
        assert link.receive(lambda batch: 60.0) is None
        assert child.poll(60.0), "its result, which nobody has read"
        os.kill(child.pid, signal.SIGKILL)
        wait_for(lambda: not child.is_alive(), "its end")
        link.give(later)
        finished = link.receive(lambda batch: 60.0)
        assert finished is not None and finished[0] is batch
        with pytest.raises(ModelProcessFailed) as failure:
            link.receive(lambda batch: 60.0)
        assert failure.value.batch is None
        assert link.take_back() == [later]


@pytest.mark.parametrize(("longest_call", "seconds"), [(0.0, 30.0), (5.0, 30.0), (600.0, 600.0)])
def test_an_engine_that_limits_its_own_time_does_not_hang_before(
    batch: Batch, longest_call: float, seconds: float
) -> None:
    with ready_model_process(1, longest_call=longest_call) as link:
        link.give(batch)
        assert link.receive(lambda batch: 120.0) is None
        assert link.deadline - time.monotonic() == pytest.approx(seconds, abs=5.0)


LOADED = protocol.Loaded(1.0, "revision", 1, 1, Cost(0.0, 1e9))
STARTED = protocol.Started("0")
LIES = {
    "a second load": LOADED,  # which would extend its deadline
    "a second start": STARTED,
    "a late failure to load": protocol.LoadFailed("x"),
    "results of another batch": protocol.Finished("1", 1.0, (Recognised((), None),)),
    "too few results": protocol.Finished("0", 1.0, ()),
    "too many results": protocol.Finished("0", 1.0, (Recognised((), None),) * 2),
    "a draft of nothing": protocol.Drafted("0", 7, "x", 0.5),
    "a draft of another batch": protocol.Drafted("1", 0, "x", 0.5),
    "speech of a recording": protocol.Finished("0", 1.0, (KeptSpeech(1, 16_000),)),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_model_process_that_lies_is_ended(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, lie: protocol.Reply
) -> None:
    link = link_that_hears(monkeypatch, LOADED, STARTED, lie)
    try:
        link.receive(lambda batch: 60.0)
        link.give(batch)
        link.receive(lambda batch: 60.0)
        with pytest.raises(ModelProcessFailed) as failure:
            link.receive(lambda batch: 60.0)
    finally:
        link.kill()
    assert failure.value.batch is batch


@pytest.mark.parametrize(
    ("capability", "item", "accepted"),
    [
        (Capability.RECOGNISE, Recognised((), None), True),
        (Capability.RECOGNISE, KeptSpeech(1, 16_000), False),
        (Capability.RECOGNISE, ChunkError("x", "y"), True),
        (Capability.SPEAK, Recognised((), None), False),
        (Capability.SPEAK, KeptSpeech(0, 16_000), True),
        (Capability.SPEAK, KeptSpeech(-1, 16_000), False),
        (Capability.SPEAK, KeptSpeech(1, 0), False),
        (Capability.EMBED, Embedded((), NOTHING), True),
        (Capability.RECOGNISE, Embedded((), NOTHING), False),
    ],
)
def test_results_fit_their_model(
    capability: Capability, item: Recognised | KeptSpeech | Embedded | ChunkError, accepted: bool
) -> None:
    assert is_result_of(capability, item) is accepted


def link_that_hears(monkeypatch: pytest.MonkeyPatch, *replies: protocol.Reply, **traits: object) -> ModelLink:
    """Return the link to a process that says this, whatever it is asked."""
    told = b"".join(framed(protocol.CODEC.encode(each)) for each in replies)

    def start(module: str, program: Sequence[str] | None = None) -> Child:
        return Child.start("lying_child", [told.hex()], {"PYTHONPATH": str(SUPPORT)})

    monkeypatch.setattr(model_link, "Child", type("Liar", (), {"start": staticmethod(start)}))
    link = ModelLink(model_plan(**traits), load_timeout=30.0, batch_seconds=1.0)
    link.ensure_started()
    return link


def patience(batch: Batch) -> float:
    return 60.0


def result_of(name: str) -> protocol.Finished:
    return protocol.Finished(name, 1.0, (Recognised((), None),))


def test_batches_that_are_worked_on_side_by_side_end_in_any_order(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(batch, id="1")
    replies = (
        STARTED,
        protocol.Started("1"),
        result_of("1"),
        protocol.Drafted("0", 0, "so", 0.5),
        result_of("0"),
    )
    link = link_that_hears(monkeypatch, LOADED, *replies, calls=2)
    try:
        link.receive(patience)
        link.give(batch)
        assert link.free_from == 0.0, "there is room for another call"
        link.give(other)
        assert link.free_from == float("inf")
        assert [link.receive(patience) for _ in range(2)] == [None, None]
        assert link.running == 2
        assert (link.receive(patience) or [None])[0] is other
        assert link.free_from == 0.0
        drafted = link.receive(patience)
        assert drafted is not None and isinstance(drafted[1], protocol.Drafted) and drafted[0] is batch
        assert (link.receive(patience) or [None])[0] is batch
        assert link.is_idle
    finally:
        link.kill()


def test_all_batches_that_a_process_worked_on_are_suspect_when_it_dies(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [replace(batch, id=str(number)) for number in (1, 2)]
    link = link_that_hears(
        monkeypatch, LOADED, STARTED, protocol.Started("1"), protocol.LoadFailed("x"), calls=3
    )
    link.receive(patience)
    for each in (batch, *others):
        link.give(each)
    link.receive(patience)
    link.receive(patience)
    with pytest.raises(ModelProcessFailed) as failure:
        link.receive(patience)
    assert failure.value.batch is not None and len(failure.value.batch.members) == 2
    assert link.take_back() == [others[1]], "nobody had begun with this one"


def test_only_the_batch_that_is_late_is_suspect_when_a_process_is_killed(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(batch, id="1")
    link = link_that_hears(monkeypatch, LOADED, STARTED, protocol.Started("1"), calls=2)
    link.receive(patience)
    link.give(batch)
    link.give(other)
    link.receive(lambda batch: 1000.0)
    link.receive(patience)
    link._given["0"].deadline = time.monotonic() - 1.0
    failure = link.kill()
    assert failure.batch is batch
    assert link.take_back() == [other]


def framed(message: Message) -> bytes:
    body = json.dumps(message).encode()
    return struct.pack("!i", len(body)) + body
