"""Time that a running service adds to a provider of language models: of one text, and of many at once.

The provider is a server on this machine that answers after a fixed delay, at so many requests at a time as
its setting allows. Each text is submitted as a client does, and its events are followed to the result; the
same request is then sent to the provider alone. What lies between the two is the service: queue, worker,
model process, comparison, record and event. Pairs follow each other, so that both see the same machine.
"""

from __future__ import annotations

import heapq
import json
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from _figures import percentile
from _service import Service, service
from rich.console import Console
from rich.table import Table

_ROOT = Path(__file__).parents[2]
sys.path.append(str(_ROOT / "tests" / "support"))

from llm_server import MODEL, LlmServer, llm_server  # noqa: E402

_PAIRS = 40
_WARM_UP = 5
_DELAY = 0.3
"""Seconds before the provider answers one text."""
_AT_ONCE = 20
_CALLS = 4
_SLOW = 5
"""How many times as long one of them takes, the second time."""
_MOST_ADDED = 0.020


@dataclass(frozen=True, slots=True)
class Added:
    """Seconds between submission and result, those of the provider alone, and what the service added."""

    submitted: float
    """Until the id of the task is there."""
    through: float
    alone: float
    added: float
    added_90: float
    processor: float
    """Processor seconds of all processes of the service for one text."""

    @property
    def by_step(self) -> float:
        """Seconds that the step adds: from the accepted task to its announced result. A transcript that is
        rewritten has no submission of its own."""
        return self.added - self.submitted


@dataclass(frozen=True, slots=True)
class Many:
    """Seconds of texts that came at once, and those that the provider needs for them at its own rate."""

    total: float
    ideal: float
    others: float
    """Seconds until the last of the quick ones, beside one that takes five times as long."""
    others_ideal: float

    @property
    def ratio(self) -> float:
        return self.total / self.ideal


def text(number: int) -> str:
    return f"Um, so the order {1000 + number} was, uh, sent to the the shop on March 5."


def through(http: httpx.Client, url: str, content: str) -> tuple[float, float]:
    """Submit a text and follow it; returns the seconds until its id is there, and until its result is.

    Raises RuntimeError.
    """
    began = time.perf_counter()
    body = {"text": content, "mode": "optimize"}
    task_id = http.post(f"{url}/api/v1/text/submit", json=body).raise_for_status().json()["task_id"]
    submitted = time.perf_counter() - began
    with http.stream("GET", f"{url}/api/v1/text/events/{task_id}") as events:
        for line in events.iter_lines():
            if line == "event: done":
                return submitted, time.perf_counter() - began
    raise RuntimeError(f"the task {task_id} has no result")


def alone(http: httpx.Client, server: LlmServer) -> float:
    """Send the last request to the provider once more, without the service."""
    asked = server.chats[-1]
    began = time.perf_counter()
    with http.stream("POST", f"{server.url}{asked.path}", json=asked.body) as answer:
        for _ in answer.iter_raw():
            pass
    return time.perf_counter() - began


def added_by(under_test: Service, server: LlmServer) -> Added:
    rounds: list[tuple[float, float, float]] = []
    before = 0.0
    with httpx.Client(trust_env=False, timeout=60) as http, httpx.Client(trust_env=False) as direct:
        for number in range(_WARM_UP + _PAIRS):
            submitted, whole = through(http, under_test.url, text(number))
            bare = alone(direct, server)
            if number >= _WARM_UP:
                rounds.append((submitted, whole, bare))
            else:
                before = processor_seconds(under_test)
    processor = (processor_seconds(under_test) - before) / _PAIRS
    added = [whole - bare for _, whole, bare in rounds]
    submitted, whole, bare = (statistics.median(each) for each in zip(*rounds, strict=True))
    return Added(submitted, whole, bare, statistics.median(added), percentile(added, 90), processor)


def processor_seconds(under_test: Service) -> float:
    """Return the processor time that the parts of the service and their helpers have used."""
    parts = [under_test.process(part) for part in ("api", "worker-1", "valkey")]
    times = [each.cpu_times() for part in parts for each in (part, *part.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def many(under_test: Service) -> Many:
    total = max(_at_once(under_test, [text(number) for number in range(_AT_ONCE)]))
    _, *quick = _at_once(under_test, [f"Slow: {text(0)}", *(text(number) for number in range(1, _AT_ONCE))])
    usual = [_DELAY] * _AT_ONCE
    return Many(total, max(_ends(usual)), max(quick), max(_ends([_SLOW * _DELAY, *usual[1:]])[1:]))


def _ends(lengths: Sequence[float]) -> list[float]:
    """Return when texts that take so long end, if a place is never empty while one waits."""
    places = [0.0] * _CALLS
    ends: list[float] = []
    for length in lengths:
        ends.append(heapq.heappop(places) + length)
        heapq.heappush(places, ends[-1])
    return ends


def _at_once(under_test: Service, texts: Sequence[str]) -> list[float]:
    with (
        httpx.Client(trust_env=False, timeout=120, limits=httpx.Limits(max_connections=None)) as http,
        ThreadPoolExecutor(len(texts)) as threads,
    ):
        return list(threads.map(lambda each: through(http, under_test.url, each)[1], texts))


def writes(said: str) -> str:
    """Write as a good model does; a slow text takes five times as long."""
    if said.startswith("Slow"):
        time.sleep((_SLOW - 1) * _DELAY)
    return said.replace("Um, so", "So").replace(", uh,", "").replace("the the", "the")


def main(console: Console, file: Path | None) -> int:
    """Measure, print and perhaps write the figures. Returns 1 if the step adds more than it may."""
    with (
        llm_server(write=writes, seconds=_DELAY) as server,
        service(
            llm_providers=f"local={server.url}/v1|{MODEL}",
            llm_calls=str(_CALLS),
            worker_capabilities="rewrite",
        ) as under_test,
    ):
        added = added_by(under_test, server)
        at_once = many(under_test)
    table = Table("figure", "seconds", "of the provider alone", "more")
    table.add_row(
        "one text, median", f"{added.through:.3f}", f"{added.alone:.3f}", f"{1000 * added.added:.1f} ms"
    )
    table.add_row("of it, submission", f"{added.submitted:.3f}", "", f"{1000 * added.submitted:.1f} ms")
    table.add_row("of it, the step (at most 20 ms)", "", "", f"{1000 * added.by_step:.1f} ms")
    table.add_row("one text, 90 %", "", "", f"{1000 * added.added_90:.1f} ms")
    table.add_row("processor time of one text", f"{added.processor:.4f}", "", "")
    rate = f"{at_once.ratio:.3f} times"
    table.add_row(f"{_AT_ONCE} texts at once", f"{at_once.total:.3f}", f"{at_once.ideal:.3f}", rate)
    rest = f"{at_once.others / at_once.others_ideal:.3f} times"
    table.add_row(
        "the others, beside a slow one", f"{at_once.others:.3f}", f"{at_once.others_ideal:.3f}", rest
    )
    console.print(table)
    if file:
        figures: dict[str, Any] = {"added": asdict(added), "at_once": asdict(at_once)}
        file.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if added.by_step > _MOST_ADDED else 0
