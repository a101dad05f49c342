"""Two models and memory for one: half of the tasks are for each, in random order.

Both are whisper-base, under two names, so a task costs the same with either, and a model that is not loaded
must replace the other. The tasks are clips of 1 to 2 s. 60 of them come at once, then 60 at one per second,
each to a worker with default settings and to one that works in the order of arrival (MAX_INFLIGHT=1); a wait
runs from a task's submission, or from the moment when the worker may begin, to its end. Then 31 rounds of 17
tasks, each round for the other model (30 switches and 527 tasks); the memory of every process afterwards is
compared with that after the third round.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _figures import Figure, percentile
from _load import Plan, generate
from _memory import Weight, weigh
from _recordings import notes
from _service import Service, service
from _watch import Watch

from voxq.model_store.store import ModelStore
from voxq.queue.keys import WORKERS_KEY

_FIRST, _SECOND = "whisper-base", "second"
_MEMORY_MB = 350
"""Memory limit for one model, which takes 230 to 300."""
_TASKS = 60
_PER_SECOND = 1.0
_ROUNDS = 31
_SETTLED = 3
_PER_ROUND = 17
_PATIENCE = 400.0
_BEAT = 2.0
"""Seconds within which a worker publishes its number of switches."""


def measure(say: Callable[[str], None]) -> list[Figure]:
    settings: dict[str, Any] = {
        "asr_models": f"{_SECOND}=faster-whisper:{ModelStore().resolve(_FIRST)}",
        "model_memory_mb": _MEMORY_MB,
        "asr_use_gpu": False,
    }
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own:
        clips = tuple(map(str, notes(Path(own), _PER_ROUND, 1.0, 2.0)))
        with service(**settings) as under_test, Watch(under_test) as watch:
            figures += _mixes("default", _Mix(under_test, watch, clips), say)
            figures += _memory(under_test, watch, clips, say)
        with service(**settings, max_inflight=1) as under_test, Watch(under_test) as watch:
            figures += _mixes("order of arrival", _Mix(under_test, watch, clips), say)
    return figures


@dataclass(frozen=True, slots=True)
class _Done:
    """Waits of the tasks, and the whole time from the first possible start to the last end, in seconds."""

    waits: Sequence[float]
    seconds: float
    switches: int


class _Mix:
    """Mixed tasks for both models through one service."""

    def __init__(self, under_test: Service, watch: Watch, clips: tuple[str, ...]) -> None:
        self._service = under_test
        self._watch = watch
        self._clips = clips
        names = [_FIRST, _SECOND] * (_TASKS // 2)
        random.Random(_TASKS).shuffle(names)
        self._fields = tuple({"model": name} for name in names)

    def at_once(self) -> _Done:
        before = _switches(self._service)
        self._service.suspend_workers()
        task_ids = list(self._submitted(requests=_TASKS))
        began = time.monotonic()
        self._service.resume_workers()
        return self._done(dict.fromkeys(task_ids, began), before)

    def evenly(self) -> _Done:
        before = _switches(self._service)
        return self._done(self._submitted(rate=_PER_SECOND), before)

    def _submitted(self, rate: float | None = None, requests: int | None = None) -> dict[str, float]:
        """Submit tasks; returns the time of each on the monotonic clock."""
        seconds = _TASKS / rate if rate else _PATIENCE
        plan = Plan(self._service.submit_url, self._clips, 1, seconds, rate, requests, self._fields)
        outcome = generate(plan)
        if outcome.refused:
            raise RuntimeError(f"{outcome.refused} tasks were refused")
        return {str(answer.task_id): outcome.began + answer.due for answer in outcome.accepted}

    def _done(self, came: Mapping[str, float], switches_before: int) -> _Done:
        self._watch.wait_ended(came.keys(), _PATIENCE)
        ended = {task_id: self._watch.ended_at(task_id) for task_id in came}
        waits = [ended[task_id] - came[task_id] for task_id in came]
        span = max(ended.values()) - min(came.values())
        return _Done(waits, span, _switches(self._service) - switches_before)


def _mixes(order: str, mix: _Mix, say: Callable[[str], None]) -> Iterator[Figure]:
    say(f"{_TASKS} tasks at once: {order}")
    yield from _told(f"at once, {order}", mix.at_once())
    say(f"{_TASKS} tasks, {_PER_SECOND:g} per second: {order}")
    yield from _told(f"evenly, {order}", mix.evenly())


def _told(name: str, done: _Done) -> Iterator[Figure]:
    mean = sum(done.waits) / len(done.waits)
    yield Figure(f"{name}: switches", done.switches, "", note=f"{len(done.waits)} tasks")
    yield Figure(f"{name}: wait, mean", mean, "s", note=f"longest {max(done.waits):.1f} s")
    yield Figure(f"{name}: wait, p95", percentile(done.waits, 95), "s")
    yield Figure(f"{name}: rate", len(done.waits) / done.seconds, "tasks/s")


def _memory(
    under_test: Service, watch: Watch, clips: tuple[str, ...], say: Callable[[str], None]
) -> Iterator[Figure]:
    before = _switches(under_test)
    early: Mapping[str, Weight] = {}
    for number in range(_ROUNDS):
        fields = ({"model": (_FIRST, _SECOND)[number % 2]},)
        plan = Plan(under_test.submit_url, clips, 4, _PATIENCE, requests=_PER_ROUND, fields=fields)
        watch.wait_ended([str(answer.task_id) for answer in generate(plan).accepted], _PATIENCE)
        if number + 1 == _SETTLED:
            early = weigh(under_test)
        if number % 5 == 0:
            say(f"round {number + 1} of {_ROUNDS} for the memory")
    late = weigh(under_test)
    done = f"{_ROUNDS * _PER_ROUND} tasks and {_switches(under_test) - before} switches"
    for name, weight in late.items():
        note = f"{early[name].rss:.0f} after {_SETTLED} rounds"
        yield Figure(f"after {done}: {name}: RSS", weight.rss, "MB", note=note)


def _switches(under_test: Service) -> int:
    """Number of models that the worker has loaded because a task needed them."""
    time.sleep(_BEAT)
    with under_test.redis() as client:
        facts = [json.loads(str(each)) for each in client.hgetall(WORKERS_KEY).values()]
    return sum(each["switches"] for each in facts)


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
