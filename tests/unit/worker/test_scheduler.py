from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.core.task import Lane
from voxq.engines.contract import Cost
from voxq.worker.scheduler import (
    LANE_DELAY,
    LOADING_WEIGHT,
    MAX_HEAD_START,
    MOST_LOADING,
    BatchLimits,
    BatchTerms,
    WaitingChunk,
    choose,
)

CHEAP = Cost(fixed=0.1, per_second=0.01)


def chunk(task_id: str = "a", index: int = 0, **changes: object) -> WaitingChunk:
    values: dict = {
        "seconds": 10.0,
        "model": "m",
        "key": "k",
        "lane": Lane.SHORT,
        "waiting_since": 0.0,
        "remaining": 1.0,
    }
    return WaitingChunk(task_id=task_id, index=index, **values | changes)


waiting_chunks = st.lists(
    st.builds(
        WaitingChunk,
        task_id=st.sampled_from("abcdef"),
        index=st.integers(0, 9),
        seconds=st.floats(0.1, 30),
        model=st.sampled_from("mn"),
        key=st.sampled_from("kl"),
        lane=st.sampled_from(Lane),
        waiting_since=st.floats(0, 1000),
        remaining=st.floats(0, 10_000),
        owner_use=st.floats(0, 10_000),
        loading=st.sampled_from([0.0, 0.5, 1000.0]),
        is_suspect=st.booleans(),
        batch_seconds=st.sampled_from([float("inf"), 5.0, 40.0]),
    ),
    max_size=40,
    unique_by=lambda chunk: (chunk.task_id, chunk.index),
)
costs = st.builds(Cost, st.floats(0, 2), st.floats(0, 0.2))
limits = st.builds(
    BatchLimits,
    st.floats(0.01, 3),
    st.floats(1, 120),
    st.integers(1, 16),
    st.sampled_from([None, 30.0]),
    st.booleans(),
    st.integers(1, 4),
)
Terms = dict[str, BatchTerms]
all_terms = st.fixed_dictionaries({name: st.builds(BatchTerms, costs, limits) for name in "mn"})


def one_model(items: int, cost: Cost = CHEAP) -> Terms:
    return {"m": BatchTerms(cost, BatchLimits(seconds=1.0, padded_seconds=60.0, items=items))}


@given(waiting_chunks, all_terms)
def test_a_batch_of_several_keeps_every_limit(waiting: list[WaitingChunk], terms: Terms) -> None:
    batch = choose(waiting, terms)
    if len(batch) < 2:
        return
    cost, limits = terms[batch[0].model].cost, terms[batch[0].model].limits
    longest = max(chunk.seconds for chunk in batch)
    each = max(limits.padded_to or 0.0, longest)
    rounds = 1 if limits.is_parallel else math.ceil(len(batch) / limits.at_once)
    padded = longest if limits.is_parallel else rounds * each
    assert len(batch) <= limits.items
    assert padded <= limits.padded_seconds
    assert all(padded <= chunk.batch_seconds for chunk in batch)
    assert rounds == 1 or cost.fixed + cost.per_second * padded <= limits.seconds
    assert terms[batch[0].model].predict(batch) == cost.predict(padded)


@given(waiting_chunks, all_terms)
def test_something_runs_whenever_something_waits(waiting: list[WaitingChunk], terms: Terms) -> None:
    batch = choose(waiting, terms)
    assert bool(batch) == bool(waiting)
    assert set(batch) <= set(waiting)
    assert len(set(batch)) == len(batch)


@given(waiting_chunks, all_terms)
def test_only_compatible_chunks_share_a_batch_and_suspects_run_alone(
    waiting: list[WaitingChunk], terms: Terms
) -> None:
    batch = choose(waiting, terms)
    assert len({(chunk.model, chunk.key) for chunk in batch}) <= 1
    assert len(batch) == 1 or not any(chunk.is_suspect for chunk in batch)


@given(waiting_chunks, all_terms, st.randoms(use_true_random=False))
def test_the_order_of_the_input_is_irrelevant(waiting, terms, random) -> None:
    shuffled = list(waiting)
    random.shuffle(shuffled)
    assert choose(shuffled, terms) == choose(waiting, terms)


@given(waiting_chunks, all_terms)
def test_no_chunk_is_overtaken_by_one_that_came_much_later(waiting: list[WaitingChunk], terms: Terms) -> None:
    batch = choose(waiting, terms)
    for left in set(waiting) - set(batch):
        assert all(chosen.waiting_since < left.waiting_since + MAX_HEAD_START for chosen in batch)


@given(waiting_chunks.filter(bool), all_terms)
def test_chunks_of_nearest_length_are_preferred(waiting: list[WaitingChunk], terms: Terms) -> None:
    batch = choose(waiting, terms)
    lead = batch[0]
    newest = min(chunk.waiting_since for chunk in waiting) + MAX_HEAD_START
    farthest = max(abs(chunk.seconds - lead.seconds) for chunk in batch)
    for left in set(waiting) - set(batch):
        may_meet = (left.model, left.key) == (lead.model, lead.key)
        has_reason = left.is_suspect or lead.is_suspect or left.waiting_since >= newest
        makes_it_larger = left.batch_seconds < float("inf") or left.seconds > lead.seconds
        is_nearer = abs(left.seconds - lead.seconds) < farthest
        assert not (may_meet and is_nearer) or has_reason or makes_it_larger


def test_chunks_of_similar_length_share_a_batch() -> None:
    waiting = [chunk("a", seconds=2.0), chunk("b", seconds=20.0), chunk("c", seconds=2.5)]
    assert [c.task_id for c in choose(waiting, one_model(items=2))] == ["a", "c"]


def test_replicas_of_an_engine_each_get_a_chunk_however_long() -> None:
    slow = Cost(fixed=0.2, per_second=0.06)
    two = {"m": BatchTerms(slow, BatchLimits(seconds=1.0, padded_seconds=60.0, items=8, at_once=2))}
    long = [chunk("a", index, seconds=25.0) for index in range(3)]
    assert len(choose(long, two)) == 2
    assert len(choose(long, one_model(8, slow))) == 1
    assert len(choose([chunk("a", index, seconds=6.0) for index in range(9)], two)) == 4
    limited = [chunk("a", index, seconds=25.0, batch_seconds=20.0) for index in range(3)]
    assert len(choose(limited, two)) == 1, "the client's own limit"


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"lane": Lane.HIGH}, {"lane": Lane.SHORT}),
        ({"lane": Lane.SHORT}, {"lane": Lane.LONG}),
        ({"remaining": 1.0}, {"remaining": 5.0}),
        ({"owner_use": 0.0}, {"owner_use": 5.0}),
        ({"waiting_since": 0.0}, {"waiting_since": 5.0}),
        ({}, {"loading": 0.1}),
        ({"waiting_since": 0.0, "loading": 100.0}, {"waiting_since": MOST_LOADING + 1.0}),
        ({}, {"is_suspect": True}),
    ],
)
def test_chunks_are_ordered_by_lane_and_time(better: dict, worse: dict) -> None:
    waiting = [chunk("a", **worse), chunk("b", **better)]
    assert [c.task_id for c in choose(waiting, one_model(items=1))] == ["b"]


@dataclass
class Job:
    """Task in the simulation: `pieces` chunks of `seconds` each, all ready on arrival."""

    name: str
    arrival: float
    pieces: int
    seconds: float
    lane: Lane
    owner_use: float = 0.0
    model: str = "m"
    served: float = 0.0
    left: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.served = self.arrival
        self.left = list(range(self.pieces))

    def waiting(self, loading: float = 0.0) -> Iterable[WaitingChunk]:
        remaining = CHEAP.per_second * self.seconds * len(self.left)
        for index in self.left:
            yield WaitingChunk(
                task_id=self.name,
                index=index,
                seconds=self.seconds,
                model=self.model,
                key="k",
                lane=self.lane,
                waiting_since=self.served,
                remaining=remaining,
                owner_use=self.owner_use,
                loading=loading,
            )


@dataclass(frozen=True)
class Served:
    """Chunk in the engine: when its wait began, and when its batch began and ended."""

    job: Job
    since: float
    began: float
    ended: float


@dataclass
class Simulation:
    """Engine with memory for one model, which gets the batches of `choose` until no chunk is left."""

    terms: Terms
    load_seconds: float = 0.0
    loaded: str = "m"
    switches: int = 0

    def run(self, jobs: list[Job]) -> list[Served]:
        now, served = 0.0, []
        while any(job.left for job in jobs):
            here = {job.name: job for job in jobs if job.arrival <= now and job.left}
            if not here:
                now = min(job.arrival for job in jobs if job.left)
                continue
            waiting = [chunk for job in here.values() for chunk in job.waiting(self._loading(job))]
            batch = choose(waiting, self.terms)
            if batch[0].model != self.loaded:
                self.loaded, self.switches = batch[0].model, self.switches + 1
                now += self.load_seconds
                continue
            end = now + self.terms[self.loaded].predict(batch)
            for each in batch:
                served.append(Served(here[each.task_id], each.waiting_since, now, end))
                here[each.task_id].left.remove(each.index)
            for name in {each.task_id for each in batch}:
                here[name].served = end
            now = end
        return served

    def _loading(self, job: Job) -> float:
        return 0.0 if job.model == self.loaded else self.load_seconds


jobs = st.lists(
    st.tuples(
        st.floats(0, 600),
        st.integers(1, 8),
        st.floats(0.5, 30),
        st.sampled_from(Lane),
        st.floats(0, 30),
        st.sampled_from("mn"),
    ),
    min_size=1,
    max_size=25,
).map(lambda rows: [Job(f"t{n}", *row) for n, row in enumerate(rows)])


@given(jobs, st.integers(1, 8), st.sampled_from([CHEAP, Cost(2.0, 0.5)]), st.sampled_from([0.0, 0.3, 8.0]))
def test_the_wait_is_bounded_whatever_arrives(
    jobs: list[Job], items: int, cost: Cost, load_seconds: float
) -> None:
    terms = one_model(items, cost)["m"]
    served = Simulation({"m": terms, "n": terms}, load_seconds).run(jobs)
    assert len(served) == sum(job.pieces for job in jobs)
    for mine in served:
        for other in served:
            overtook = mine.since <= other.since and other.began < mine.began
            assert not overtook or other.since < mine.since + MAX_HEAD_START


def test_a_note_overtakes_a_long_file_in_its_middle() -> None:
    long = Job("long", arrival=0.0, pieces=400, seconds=25.0, lane=Lane.LONG)
    notes = [Job(f"note{n}", arrival=10.0 * n, pieces=1, seconds=8.0, lane=Lane.SHORT) for n in range(1, 10)]
    served = Simulation(one_model(items=1)).run([long, *notes])
    for mine in served:
        if mine.job is not long:
            batches_before = {s.began for s in served if mine.job.arrival < s.ended and s.began < mine.began}
            assert len(batches_before) <= 1, "only the batch in hand is ahead of a note"


def test_a_long_file_progresses_under_a_flood_of_notes() -> None:
    long = Job("long", arrival=0.0, pieces=3, seconds=25.0, lane=Lane.LONG)
    flood = [Job(f"n{n}", arrival=0.15 * n, pieces=1, seconds=8.0, lane=Lane.SHORT) for n in range(1200)]
    served = Simulation(one_model(items=1)).run([long, *flood])  # more than the engine can process
    turns = [0.0, *(s.began for s in served if s.job is long)]
    longest = max(after - before for before, after in itertools.pairwise(turns))
    assert longest < MAX_HEAD_START
    assert longest > LANE_DELAY[Lane.SHORT], "the notes were first all the same"


@pytest.mark.parametrize("load_seconds", [0.5, 1.0, 3.0, 10.0])
def test_two_models_with_memory_for_one_take_turns(load_seconds: float) -> None:
    terms = one_model(items=1)["m"]
    jobs = [Job(f"n{n}", 0.25 * n, 1, 8.0, Lane.SHORT, model="mn"[n % 2]) for n in range(1000)]
    simulation = Simulation({"m": terms, "n": terms}, load_seconds)
    served = simulation.run(jobs)
    in_arrival_order = sum(a.model != b.model for a, b in itertools.pairwise(jobs))
    assert simulation.switches < in_arrival_order / 5
    preferred = min(LOADING_WEIGHT * load_seconds, MOST_LOADING)
    assert max(s.began - s.job.arrival for s in served) < 2 * preferred + 3 * load_seconds
