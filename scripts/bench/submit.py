"""Submission of 160 KB voice notes (OGG/Opus, about 20 s of speech) over HTTP.

Open loop: 50 requests per second for 20 s, each due at its own time and measured from then, so that a slow
answer is not hidden by delaying the next request. Once while the worker is idle (suspended, model loaded),
once while it transcribes with every core. Closed loop: 100 clients that submit again as soon as they are
answered, to the service and to a floor in turns; the floor is a bare ASGI application with the same durable
steps (stream to disk, probe in the same pool, rename, journal record, one pipelined enqueue) and nothing
else. The load generator is its own process on the same machine; its lateness and its processor time are given
with the figures.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from _figures import Figure, Target, over_rounds, percentile
from _floor import floor
from _load import Outcome, Plan, generate
from _recordings import upload
from _service import Service, service

_RATE = 50.0
_EVENLY_SECONDS = 20.0
_ROUNDS = 4
_ROUND_SECONDS = 4.0
_CLIENTS = 100


def measure(say: Callable[[str], None]) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own, service() as under_test:
        note = upload(Path(own))
        files = Path(own) / "floor"
        files.mkdir()
        under_test.suspend_workers()
        _closed(under_test.submit_url, note, 2.0)  # warms up connections, scripts and caches
        say(f"{_RATE:.0f} submissions per second, worker idle")
        idle = _evenly(under_test.submit_url, note)
        under_test.resume_workers()
        say(f"{_RATE:.0f} submissions per second, worker busy")
        before = _engine_seconds(under_test)
        busy = _evenly(under_test.submit_url, note)
        cores = (_engine_seconds(under_test) - before) / busy.wall
        under_test.suspend_workers()
        ours, bare = [], []
        with floor(under_test.settings, files) as floor_url:
            _closed(floor_url, note, 2.0)
            for number in range(_ROUNDS):
                say(f"{_CLIENTS} clients, round {number + 1} of {_ROUNDS}")
                ours.append(_closed(under_test.submit_url, note, _ROUND_SECONDS))
                bare.append(_closed(floor_url, note, _ROUND_SECONDS))
    return [
        *_latencies("50/s, worker idle", idle),
        *_latencies("50/s, worker busy", busy, f"the engine used {cores:.1f} cores"),
        *_throughput(ours, bare),
    ]


def _evenly(url: str, note: Path) -> Outcome:
    return _all_accepted(generate(Plan(url, (str(note),), 8, _EVENLY_SECONDS, rate=_RATE)))


def _closed(url: str, note: Path, seconds: float) -> Outcome:
    return _all_accepted(generate(Plan(url, (str(note),), _CLIENTS, seconds)))


def _all_accepted(outcome: Outcome) -> Outcome:
    """Check that all requests were accepted. Raises RuntimeError: refusals are quick and would look good."""
    if outcome.refused:
        statuses = sorted({answer.status for answer in outcome.answers})
        raise RuntimeError(f"{outcome.refused} of {len(outcome.answers)} submissions refused: {statuses}")
    return outcome


def _engine_seconds(under_test: Service) -> float:
    """Processor time of all processes that the worker has started: engine and decoder."""
    children = under_test.process("worker-1").children(recursive=True)
    times = [child.cpu_times() for child in children]
    return sum(time.user + time.system for time in times)


def _latencies(name: str, outcome: Outcome, note: str = "") -> list[Figure]:
    late = f"sent {percentile(outcome.lateness_ms, 99):.1f} ms late (p99)"
    told = "; ".join(filter(None, (f"{len(outcome.answers)} requests", late, note)))
    latencies = outcome.latencies_ms
    return [
        Figure(f"{name}: p50", percentile(latencies, 50), "ms"),
        Figure(f"{name}: p99", percentile(latencies, 99), "ms", Target("<", 100), note=told),
    ]


def _throughput(ours: Sequence[Outcome], bare: Sequence[Outcome]) -> list[Figure]:
    ratios = [mine.per_second / floors.per_second for mine, floors in zip(ours, bare, strict=True)]
    return [
        _rate("100 clients: service", ours),
        _rate("100 clients: floor", bare),
        over_rounds("100 clients: service / floor", ratios, "", Target(">=", 0.8)),
    ]


def _rate(name: str, outcomes: Sequence[Outcome]) -> Figure:
    rates = [each.per_second for each in outcomes]
    latencies = [latency for outcome in outcomes for latency in outcome.latencies_ms]
    share = sum(each.processor for each in outcomes) / sum(each.wall for each in outcomes)
    note = f"p50 {percentile(latencies, 50):.0f} ms, p99 {percentile(latencies, 99):.0f} ms"
    return over_rounds(name, rates, "requests/s", note=f"{note}; generator {share:.0%} of a core")


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
