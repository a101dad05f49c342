"""Run a service under load for hours and report whether its use of resources grows.

    python scripts/bench/soak.py --minutes 120 --every 30 --json soak.json

A complete stack, with engines that cost almost nothing, gets notes, long files and texts at a steady rate;
some fail, some are cancelled. Memory, open files and threads of each kind of process, Redis' keys and memory
and the files in the storage are read at intervals. A line is fitted to the second half of each curve; if one
rises by more than a tolerance, it counts as growing, and the exit status is 1. Redis' keys and the stored
files follow the rate, so the machine must be able to keep up with it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _trend import Trend, trend
from rich.console import Console
from rich.table import Table

_ROOT = Path(__file__).parents[2]
sys.path += [str(_ROOT / "tests" / "support"), str(_ROOT / "scripts")]

from audit import doubled, logged  # noqa: E402
from gauges import gauges  # noqa: E402
from mixed_load import long_file, post, wishes  # noqa: E402
from stack import RunningStack, running_stack  # noqa: E402

_WAVE, _CLIENTS = 20, 4
_KEPT: Mapping[str, Any] = {
    "result_ttl": 30,
    "failed_ttl": 60,
    "max_recordings": 20,
    "log_rotation": "2 MB",
    "log_retention": "60 seconds",
}
"""Short retention settings, so that all that is kept for a time reaches its maximum within two minutes."""
_SHARE = 0.03
_FLOORS = {"MB": 4.0, "files": 3.0, "threads": 3.0, "keys": 40.0}
_ROWS = 12


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--every", type=float, default=15, metavar="SECONDS", help="between two readings")
    parser.add_argument("--rate", type=float, default=120, help="tasks a minute (default: 120)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the curves here")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    with tempfile.TemporaryDirectory(prefix="voxq-soak-") as directory:
        root = Path(directory)
        with running_stack(root / "stack", **_KEPT) as stack, _worked(stack, root, arguments) as load:
            times, readings = _read(stack, load, arguments.minutes * 60, arguments.every)
            load.stop()
            twice = len(doubled(stack))
            ended = len(logged(stack))
    trends = _trends(times, readings)
    _print(console, times, readings, trends)
    console.print(
        f"{load.asked} tasks answered with an id, {ended} ended, {load.asked - ended} lost, {twice} doubled"
    )
    if arguments.json:
        curves = {"seconds": times, "readings": readings, "asked": load.asked, "ended": ended}
        arguments.json.write_text(json.dumps(curves, indent=2) + "\n")
    grows = [name for name, each in trends.items() if each.is_growing]
    return 1 if grows or twice or load.asked != ended else 0


class _Load:
    """Consecutive waves of clients at a steady rate, in a thread."""

    def __init__(self, stack: RunningStack, long: Path, rate: float, seed: int) -> None:
        """Prepare the load. `rate` in tasks per minute."""
        self.asked = 0
        self._wave_seconds = 60 * _WAVE / rate
        self._stack = stack
        self._long = long
        self._chance = random.Random(seed)
        self._is_over = threading.Event()
        self._working = ThreadPoolExecutor(1).submit(self._run)

    @property
    def is_working(self) -> bool:
        return not self._working.done()

    def stop(self) -> None:
        """Stop, and wait up to two minutes for all tasks to end. Raises the error that ended the thread."""
        self._is_over.set()
        self._working.result()

    def _run(self) -> None:
        with ThreadPoolExecutor(_CLIENTS) as clients:
            while not self._is_over.is_set():
                next_wave = time.monotonic() + self._wave_seconds
                wanted = wishes(self._chance, _WAVE, self._long, callback=None, how="well")
                answers = list(clients.map(lambda wish: post(self._stack, wish), wanted))
                self.asked += sum(answer.status_code == 200 for answer in answers)
                for wish, answer in zip(wanted, answers, strict=True):
                    if wish.is_cancelled and answer.status_code == 200:
                        task_id = answer.json()["task_id"]
                        self._stack.http.delete(f"/api/v1/{wish.kind}/task/{task_id}")
                self._wait()
                self._is_over.wait(max(0.0, next_wave - time.monotonic()))

    def _wait(self) -> None:
        deadline = time.monotonic() + 120
        while len(logged(self._stack)) < self.asked and time.monotonic() < deadline:
            time.sleep(0.5)


@contextmanager
def _worked(stack: RunningStack, root: Path, arguments: argparse.Namespace) -> Iterator[_Load]:
    load = _Load(stack, long_file(root), arguments.rate, arguments.seed)
    try:
        yield load
    finally:
        load.stop()


def _read(
    stack: RunningStack, load: _Load, seconds: float, every: float
) -> tuple[list[float], dict[str, list[float]]]:
    """Take readings for `seconds` seconds; returns their times (since the start) and values by gauge."""
    began = time.monotonic()
    times: list[float] = []
    readings: dict[str, list[float]] = {}
    while (now := time.monotonic() - began) < seconds and load.is_working:
        found = gauges(stack)
        times.append(round(now, 1))
        for name in readings.keys() | found.keys():  # a process that runs only at times reads 0
            readings.setdefault(name, [0.0] * (len(times) - 1)).append(round(found.get(name, 0.0), 2))
        time.sleep(max(0.0, every - (time.monotonic() - began - now)))
    return times, readings


def _trends(times: Sequence[float], readings: Mapping[str, Sequence[float]]) -> dict[str, Trend]:
    return {
        name: trend(times, values, share=_SHARE, floor=_FLOORS[name.rpartition(" ")[2]])
        for name, values in sorted(readings.items())
    }


def _print(
    console: Console,
    times: Sequence[float],
    readings: Mapping[str, Sequence[float]],
    trends: Mapping[str, Trend],
) -> None:
    """Print a row for each gauge, with as many readings as fit."""
    shown = sorted({round(each * (len(times) - 1) / (_ROWS - 1)) for each in range(_ROWS)})
    table = Table(title="after minutes", title_justify="left")
    table.add_column("gauge")
    for index in shown:
        table.add_column(f"{times[index] / 60:.1f}", justify="right")
    table.add_column("per hour", justify="right")
    table.add_column("")
    for name, each in trends.items():
        curve = [f"{readings[name][index]:.0f}" for index in shown]
        table.add_row(name, *curve, f"{each.per_hour:+.1f}", "growing" if each.is_growing else "flat")
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
